import { afterEach, expect, it, vi } from "vitest";
import { onceAborted } from "../../src/async/abort-listeners.js";
import { LateTimer } from "../../src/async/late-timer.js";

afterEach(() => vi.useRealTimers());

it("runs when its time has come, however short or long", () => {
  vi.useFakeTimers();
  const ran: number[] = [];
  for (const ms of [5, 20, 21, 1_000]) new LateTimer(() => ran.push(ms), ms);
  vi.advanceTimersByTime(20);
  expect(ran).toEqual([5, 20]);
  vi.advanceTimersByTime(979);
  expect(ran).toEqual([5, 20, 21]);
  vi.advanceTimersByTime(1);
  expect(ran).toEqual([5, 20, 21, 1_000]);
});

it("does not run once it is cleared, young or old", () => {
  vi.useFakeTimers();
  const run = vi.fn();
  const [young, old] = [new LateTimer(run, 100), new LateTimer(run, 100)];
  young.clear();
  vi.advanceTimersByTime(50);
  old.clear();
  vi.advanceTimersByTime(1_000);
  expect(run).not.toHaveBeenCalled();
});

it("runs also after the clock was replaced and put back while others were young", async () => {
  vi.useFakeTimers();
  vi.advanceTimersByTime(3_600_000);
  new LateTimer(() => {}, 1_000).clear();
  vi.useRealTimers();
  await new Promise<void>((resolve) => new LateTimer(resolve, 30));
});

it("calls all that wait for a signal back, but for those that have ended", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onceAborted(controller.signal, () => called.push("first"));
  onceAborted(controller.signal, () => called.push("second"))();
  onceAborted(controller.signal, () => called.push("third"));
  controller.abort();
  expect(called).toEqual(["first", "third"]);
});
