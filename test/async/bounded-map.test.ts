import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BoundedMap } from "../../src/async/bounded-map.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const filled = (max: number, ttl = 1_000): BoundedMap<string, number> => {
  const map = new BoundedMap<string, number>({ max, ttl });
  for (let n = 0; n < max; n += 1) map.set(`k${n}`, n);
  return map;
};

it("beyond its bound, the entry that was not used for longest leaves", () => {
  const map = filled(3);
  expect(map.get("k0")).toBe(0);
  map.set("new", 9);
  expect(["k0", "k1", "k2", "new"].map((key) => map.has(key))).toEqual([true, false, true, true]);
  map.set("k2", 2);
  map.set("newer", 10);
  expect(["k0", "k2", "new", "newer"].map((key) => map.has(key))).toEqual([false, true, true, true]);
  expect(map.size).toBe(3);
});

it("a question whether a key is there counts as no use", () => {
  const map = filled(2);
  expect(map.has("k0")).toBe(true);
  map.set("new", 9);
  expect(map.has("k0")).toBe(false);
});

it("an entry is gone when its time is over, however often it was used", () => {
  const map = filled(2, 1_000);
  vi.advanceTimersByTime(999);
  expect([map.get("k0"), map.has("k1")]).toEqual([0, true]);
  vi.advanceTimersByTime(1);
  expect([map.get("k0"), map.has("k1")]).toEqual([undefined, false]);
  map.set("k0", 5);
  vi.advanceTimersByTime(999);
  expect(map.get("k0")).toBe(5);
});

it("a value may be undefined, null or an empty text, and is held like any other", () => {
  const map = new BoundedMap<string, unknown>({ max: 3, ttl: 1_000 });
  for (const [key, value] of [
    ["a", undefined],
    ["b", null],
    ["c", ""],
  ] as const)
    map.set(key, value);
  expect([map.has("a"), map.get("b"), map.get("c")]).toEqual([true, null, ""]);
});

it("forgets a key, and all of them", () => {
  const map = filled(3);
  expect([map.delete("k1"), map.delete("k1"), map.has("k1")]).toEqual([true, false, false]);
  map.clear();
  expect([map.size, map.get("k0")]).toEqual([0, undefined]);
});
