/** The time by which nodes make the ids of events. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreClock } from "../../src/cluster/store-clock.js";
import { eventIds, idAt } from "../../src/events/event-id.js";

/** A store whose clock is far from ours, and whose answers take a while: they are of when it was half way. */
function storeWith(wayMs: number, aheadMs = 86_400_000) {
  const store = {
    aheadMs,
    now: () => performance.timeOrigin + performance.now() + store.aheadMs,
    tell: async (): Promise<number> => {
      vi.advanceTimersByTime(wayMs / 2);
      const told = Math.floor(store.now());
      vi.advanceTimersByTime(wayMs / 2);
      return told;
    },
  };
  return store;
}

describe("StoreClock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("shows no time before the store was asked", () => {
    expect(new StoreClock(storeWith(0).tell).now()).toBe(0);
  });

  it("shows the time of the store, never ahead of it and behind by the way of the answer at most, whatever our clock says", async () => {
    const store = storeWith(40);
    const clock = new StoreClock(store.tell);
    expect(await clock.ask()).toBeGreaterThan(Date.now());
    for (const ms of [0, 1, 999, 60_000]) {
      vi.advanceTimersByTime(ms);
      vi.setSystemTime(ms * 1_000_000);
      expect(clock.now()).toBeLessThanOrEqual(store.now());
      expect(clock.now()).toBeGreaterThanOrEqual(store.now() - 22);
      expect(Number.isInteger(clock.now())).toBe(true);
    }
  });

  it("follows the clock of the store when that is set, and so do not the ids that are made by it", async () => {
    const store = storeWith(2);
    const clock = new StoreClock(store.tell);
    await clock.ask();
    const next = eventIds(clock.now);
    const before = next();
    store.aheadMs -= 3_600_000;
    await clock.ask();
    expect(clock.now()).toBeLessThanOrEqual(store.now());
    expect(next() > before).toBe(true);
  });

  it("knows a time that no other node can have seen before, so that the ids of a session grow when it moves", async () => {
    for (const [theirWay, ourWay] of [
      [0, 80],
      [80, 0],
      [3, 3],
      [0, 0],
    ] as const) {
      const store = storeWith(theirWay);
      const theirs = new StoreClock(store.tell);
      await theirs.ask();
      const [theirIds, ours] = [eventIds(theirs.now), new StoreClock(storeWith(ourWay).tell)];
      await ours.ask();
      const ourIds = eventIds(ours.now);
      theirIds.raise(idAt(await theirs.latest()));
      const last = theirIds();
      // The session is given and claimed: that takes two calls to the store.
      vi.advanceTimersByTime(2 * Math.max(theirWay, 1));
      ourIds.raise(idAt(await ours.latest()));
      expect(ourIds() > last).toBe(true);
    }
  });

  it("asks again for a recent time after half a minute, and not before", async () => {
    const store = storeWith(2);
    let asked = 0;
    const clock = new StoreClock(async () => {
      asked += 1;
      return store.tell();
    });
    for (const ms of [0, 3_000, 26_000]) {
      vi.advanceTimersByTime(ms);
      expect(Math.abs((await clock.recent()) - store.now())).toBeLessThanOrEqual(3);
    }
    expect(asked).toBe(1);
    vi.advanceTimersByTime(3_000);
    await clock.recent();
    expect(asked).toBe(2);
  });

  it("keeps its time when the store does not answer", async () => {
    const store = storeWith(0);
    let isDown = false;
    const clock = new StoreClock(async () => {
      if (isDown) throw new Error("down");
      return store.tell();
    });
    await clock.ask();
    isDown = true;
    await expect(clock.latest()).rejects.toThrow("down");
    vi.advanceTimersByTime(5_000);
    expect(Math.abs(clock.now() - store.now())).toBeLessThanOrEqual(1);
  });
});
