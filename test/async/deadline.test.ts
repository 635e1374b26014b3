import { stat } from "node:fs/promises";
import { setImmediate as nextRound, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DeadlineError, withDeadline } from "../../src/async/deadline.js";

/** Keeps the event loop from turning. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("a deadline", () => {
  it("ends a wait for a call that never answers", async () => {
    const begun = performance.now();
    await expect(withDeadline("The store", 100, () => new Promise(() => {}))).rejects.toBeInstanceOf(
      DeadlineError,
    );
    expect(performance.now() - begun).toBeGreaterThan(90);
  });

  it("does not blame the callee for an event loop that was blocked meanwhile", async () => {
    const answer = withDeadline("The store", 100, async () => {
      await sleep(20);
      return "here";
    });
    block(300);
    await expect(answer).resolves.toBe("here");
  });

  it("reads what has arrived before it blames, however late the event loop was blocked", async () => {
    const answer = withDeadline("The store", 1_000, async () => {
      await sleep(850);
      // After it the event loop looks at timers first.
      await nextRound();
      const looking = stat(import.meta.filename);
      block(300);
      return (await looking).isFile();
    });
    await expect(answer).resolves.toBe(true);
  });

  it("is over when the signal is, and leaves no timer behind", async () => {
    const ending = new AbortController();
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const never = (): Promise<never> => new Promise(() => {});
    const wait = withDeadline("The store", 60_000, never, { signal: ending.signal });
    ending.abort(new Error("the manager stops"));
    await expect(wait).rejects.toThrow("the manager stops");
    await expect(withDeadline("The store", 60_000, never, { signal: ending.signal })).rejects.toThrow(
      "the manager stops",
    );
    expect(timers()).toBe(before);
  });

  it("names whole milliseconds", async () => {
    await expect(withDeadline("The store", 20.4, () => new Promise(() => {}))).rejects.toThrow(
      "The store did not answer within 20 ms",
    );
  });
});
