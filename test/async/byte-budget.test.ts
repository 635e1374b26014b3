import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../src/async/byte-budget.js";

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe("a budget of bytes", () => {
  it("makes work wait for room, but never the oldest: some of it always goes on", async () => {
    const budget = new ByteBudget(100);
    const [first, second, third] = [budget.open(), budget.open(), budget.open()];
    expect(await second.take(60, 1_000)).toBe(true);
    expect(await third.take(40, 1_000)).toBe(true);
    const waiting = second.take(1, 60_000);
    expect(await isSettled(waiting)).toBe(false);
    expect(await first.take(50, 1_000)).toBe(true);
    expect(budget.usedBytes).toBe(150);
    first.release();
    // Now it is the oldest.
    expect(await waiting).toBe(true);
    second.release();
    third.release();
    third.release();
    expect(budget.usedBytes).toBe(0);
  });

  it("gives up a wait when its time is over, and takes nothing then", async () => {
    const budget = new ByteBudget(10);
    const [oldest, other] = [budget.open(), budget.open()];
    await oldest.take(10, 1_000);
    expect(await other.take(5, 20)).toBe(false);
    oldest.release();
    expect(budget.usedBytes).toBe(0);
  });

  it("counts nothing for work that was released while it waited", async () => {
    const budget = new ByteBudget(10);
    const [oldest, other] = [budget.open(), budget.open()];
    await oldest.take(10, 1_000);
    const late = other.take(5, 1_000);
    other.release();
    oldest.release();
    await late;
    expect(budget.usedBytes).toBe(0);
  });
});
