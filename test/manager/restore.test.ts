import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/api/session-record.js";
import {
  restoreAll,
  restoreSessions,
  type Restorable,
  type RestorableSession,
} from "../../src/manager/restore.js";
import { StateWaiters } from "../../src/session/state-waiters.js";
import { statusOf, type SessionState } from "../../src/session/state.js";

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

describe("restoring many sessions that hang", () => {
  it("makes Node warn of no leak", async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", warned);
    const stopping = new AbortController();
    let waiting = 0;
    const hung = Array.from({ length: 15 }, (_, index): RestorableSession => {
      const record = { id: String(index), desired: "online", updatedAt: "2026" } as SessionRecord;
      const waiters = new StateWaiters(() => ({ sessionId: "a", state: { name: "connecting", attempt: 1 } }));
      return {
        record,
        status: "disconnected",
        state: { name: "connecting", attempt: 1 },
        rest: () => false,
        resume: async () => {},
        until: (test, options) => {
          waiting += 1;
          return waiters.until(test, options);
        },
      };
    });
    const timeouts = { connectMs: 60_000, loginMs: 60_000, unlinkMs: 1_000 };
    const { signal } = stopping;
    const restored = restoreSessions(hung, { concurrency: 20, timeouts, signal, emit: () => {} });
    await expect.poll(() => waiting).toBe(15);
    await sleep(5);
    stopping.abort();
    await restored;
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });
});

describe("restoring one after the other", () => {
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

  it("holds up the others for two seconds only when one hangs, and settles when it ends", async () => {
    let end = (): void => {};
    const hung = new Promise<void>((resolve) => (end = resolve));
    const { list } = sessions(5, (index) => (index === 0 ? hung : sleep(1)));
    const done: number[] = [];
    const startedAt = performance.now();
    const all = restoreAll(list, {
      concurrency: 1,
      signal: still,
      random,
      onDone: (index) => {
        done.push(index);
        if (index === 4) end();
      },
    });
    await all;
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(done).toEqual([1, 2, 3, 4, 0]);
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

describe("restoring the sessions of a manager", () => {
  const RECORD: SessionRecord = {
    version: 1,
    id: "id",
    name: "name",
    desired: "online",
    status: "connected",
    phoneNumber: null,
    webhook: null,
    proxy: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
  };

  /** A session that is open a moment after it was asked to connect. */
  function session(
    change: Partial<SessionRecord>,
    connected: string[],
    start: SessionState = { name: "idle", reason: "restored" },
  ): RestorableSession {
    const record = { ...RECORD, ...change };
    let state = start;
    return {
      record,
      get state() {
        return state;
      },
      get status() {
        return statusOf(state);
      },
      rest: () => state.name === "conflict",
      resume: async () => {
        connected.push(record.id);
        if (record.name === "broken") throw new Error("no route");
        state = { name: "connecting", attempt: 1 };
      },
      until: async (test) => {
        while (!test()) {
          await sleep(1);
          state = { name: "open" };
        }
      },
    };
  }

  const limits = (emitted: unknown[], signal = still) => ({
    concurrency: 1,
    timeouts: { connectMs: 100, loginMs: 100, unlinkMs: 100 },
    signal,
    emit: (name: string, event: unknown) => void emitted.push([name, event]),
  });

  it("connects those that were online and do not rest, the recently active first, and reports each", async () => {
    const connected: string[] = [];
    const emitted: unknown[] = [];
    const restored = await restoreSessions(
      [
        session({ id: "old", updatedAt: "2026-01-01T00:00:00.000Z" }, connected),
        session({ id: "offline", desired: "offline" }, connected),
        session({ id: "new", updatedAt: "2026-03-01T00:00:00.000Z" }, connected),
        session({ id: "broken", name: "broken", updatedAt: "2026-02-01T00:00:00.000Z" }, connected),
        session({ id: "connected already" }, connected, { name: "open" }),
        session({ id: "at rest" }, connected, { name: "conflict" }),
        session({ id: "at rest, and offline", desired: "offline" }, connected, { name: "conflict" }),
      ],
      limits(emitted),
    );
    expect(restored).toEqual({ restored: 3, resting: 1 });
    expect(connected).toEqual(["new", "broken", "old"]);
    expect(emitted).toEqual([
      ["session.restored", { sessionId: "new", done: 1, total: 3 }],
      ["session.restored", { sessionId: "broken", done: 2, total: 3 }],
      ["session.restored", { sessionId: "old", done: 3, total: 3 }],
    ]);
  });

  it("connects none after the signal", async () => {
    const connected: string[] = [];
    await restoreSessions([session({}, connected)], limits([], AbortSignal.abort()));
    expect(connected).toEqual([]);
  });
});
