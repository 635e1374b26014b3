import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { restoreAll, type Restorable } from "../../src/manager/restore.js";

/** Sessions that note when they begin and take a moment. */
function sessions(count: number, restore: (index: number) => Promise<void> = () => sleep(5)) {
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const list = Array.from({ length: count }, (_, index): Restorable => {
    return {
      restore: async () => {
        order.push(index);
        running += 1;
        most = Math.max(most, running);
        try {
          await restore(index);
        } finally {
          running -= 1;
        }
      },
    };
  });
  return { list, order, most: () => most };
}

const still = new AbortController().signal;
const random = (): number => 0;

describe("restoring sessions", () => {
  it("tries every one, in order, a few at a time", async () => {
    const { list, order, most } = sessions(20);
    const done: number[] = [];
    await restoreAll(list, { concurrency: 4, signal: still, random, onDone: (index) => done.push(index) });
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most()).toBeLessThanOrEqual(4);
    expect(most()).toBeGreaterThan(1);
    expect(done.sort((a, b) => a - b)).toEqual(order);
  });

  it("goes on after one that fails, and reports it as done", async () => {
    const { list } = sessions(3, async (index) => {
      if (index === 1) throw new Error("no route");
    });
    const done: number[] = [];
    await restoreAll(list, { concurrency: 1, signal: still, random, onDone: (index) => done.push(index) });
    expect(done).toEqual([0, 1, 2]);
  });

  it("begins none after the signal, and settles with those under way", async () => {
    const controller = new AbortController();
    const { list, order } = sessions(10, async (index) => {
      if (index === 2) controller.abort();
      await sleep(1);
    });
    await restoreAll(list, { concurrency: 1, signal: controller.signal, random, onDone: () => {} });
    expect(order).toEqual([0, 1, 2]);
  });

  it("settles at once when there is nothing to do", async () => {
    await restoreAll([], { concurrency: 10, signal: still, random, onDone: () => expect.fail("none") });
  });
});
