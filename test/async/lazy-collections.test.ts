import { describe, expect, it } from "vitest";
import { LazyMap, LazySet } from "../../src/async/lazy-collections.js";

describe("a lazy set", () => {
  it("is a set: it holds each value once, in order, and forgets", () => {
    const set = new LazySet<string>();
    expect([set.size, set.has("a"), set.delete("a"), [...set]]).toEqual([0, false, false, []]);
    for (const value of ["b", "a", "b"]) set.add(value);
    expect([set.size, set.has("a"), [...set]]).toEqual([2, true, ["b", "a"]]);
    expect([set.delete("b"), [...set]]).toEqual([true, ["a"]]);
    set.clear();
    expect([set.size, [...set]]).toEqual([0, []]);
  });
});

describe("a lazy map", () => {
  it("is a map: it holds one value for each key, in order, and forgets", () => {
    const map = new LazyMap<string, number>();
    expect([map.size, map.get("a"), map.has("a"), map.delete("a")]).toEqual([0, undefined, false, false]);
    expect([[...map], [...map.keys()], [...map.values()]]).toEqual([[], [], []]);
    map.set("b", 1);
    map.set("a", 2);
    map.set("b", 3);
    expect([map.size, map.get("b"), map.has("a"), [...map]]).toEqual([
      2,
      3,
      true,
      [
        ["b", 3],
        ["a", 2],
      ],
    ]);
    expect([[...map.keys()], [...map.values()]]).toEqual([
      ["b", "a"],
      [3, 2],
    ]);
    expect([map.delete("b"), map.size]).toEqual([true, 1]);
    map.clear();
    expect([map.size, [...map]]).toEqual([0, []]);
  });
});
