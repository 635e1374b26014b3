import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { steadyNow } from "../../src/async/timer.js";
import {
  ClientVersion,
  type ClientVersionStore,
  type StoredClientVersion,
  type WhatsAppVersion,
} from "../../src/whatsapp/client-version.js";

const HOUR_MS = 3_600_000;
const CURRENT: WhatsAppVersion = [2, 3000, 1_111_111_111];
const NEWER: WhatsAppVersion = [2, 3000, 1_222_222_222];

/** A gate with a clock and a store of its own. */
function world(
  resolve: () => Promise<WhatsAppVersion | undefined>,
  remembered?: WhatsAppVersion,
): { gate: ClientVersion; clock: { now: number }; kept: StoredClientVersion[]; asked: () => number } {
  const clock = { now: 1_000 };
  const kept: StoredClientVersion[] = [];
  let asked = 0;
  const store: ClientVersionStore = {
    load: async () => ({ version: remembered }),
    save: async (stored) => void kept.push(stored),
  };
  const gate = new ClientVersion({
    resolve: () => {
      asked += 1;
      return resolve();
    },
    store,
    now: () => clock.now,
    onReopened: () => {},
  });
  return { gate, clock, kept, asked: () => asked };
}

describe("the client version", () => {
  it("is asked for before the first connection, once, and taken for current for six hours", async () => {
    const { gate, clock, asked } = world(async () => CURRENT);
    await Promise.all([gate.resolve(undefined), gate.resolve(undefined)]);
    expect(gate.version).toEqual(CURRENT);
    clock.now += 6 * HOUR_MS - 1;
    await gate.resolve(undefined);
    expect(asked()).toBe(1);
    clock.now += 1;
    await gate.resolve(undefined);
    expect(asked()).toBe(2);
  });

  it("is renewed in the background once one is known: no connection waits for it", async () => {
    const answers: ((version: WhatsAppVersion) => void)[] = [];
    const { gate, clock } = world(() => new Promise((answer) => answers.push(answer)));
    const first = gate.resolve(undefined);
    await expect.poll(() => answers.length).toBe(1);
    answers[0]?.(CURRENT);
    await first;
    clock.now += 7 * HOUR_MS;
    await gate.resolve(undefined);
    expect(gate.version).toEqual(CURRENT);
    answers[1]?.(NEWER);
    await expect.poll(() => gate.version).toEqual(NEWER);
  });

  it("is not waited for longer than two seconds: the first connection goes without, the next one has it", async () => {
    let answer = (_version: WhatsAppVersion): void => {};
    const { gate } = world(() => new Promise((resolve) => (answer = resolve)));
    const begun = performance.now();
    await gate.resolve(undefined);
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(gate.version).toBeUndefined();
    answer(CURRENT);
    await expect.poll(() => gate.version).toEqual(CURRENT);
  });

  it("that WhatsApp accepted last is used when the current one can't be had, and asked for again ten minutes later", async () => {
    const { gate, clock, asked } = world(() => Promise.reject(new Error("offline")), CURRENT);
    await gate.resolve(undefined);
    expect(gate.version).toEqual(CURRENT);
    await gate.resolve(undefined);
    expect(asked()).toBe(1);
    // The look-up in the background ends.
    await setImmediate();
    clock.now += 10 * 60_000;
    await gate.resolve(undefined);
    expect(asked()).toBe(2);
  });

  it("is kept when it is accepted, once", async () => {
    const { gate, kept } = world(async () => CURRENT);
    await gate.resolve(undefined);
    expect(kept).toEqual([]);
    gate.accepted();
    gate.accepted();
    expect(kept).toEqual([{ version: CURRENT, breaker: undefined }]);
  });

  it("that is pinned stays, and nobody is asked", async () => {
    const gate = new ClientVersion({ pinned: CURRENT, now: Date.now, onReopened: () => {} });
    await gate.resolve(undefined);
    expect(gate.version).toEqual(CURRENT);
  });
});

describe("the breaker of a refused version", () => {
  const TEN_MINUTES_MS = 10 * 60_000;

  /** Processes one after the other, over one store. */
  function processes() {
    const clock = { now: steadyNow() };
    const stored: { last: StoredClientVersion } = { last: {} };
    const store: ClientVersionStore = {
      load: async () => JSON.parse(JSON.stringify(stored.last)) as StoredClientVersion,
      save: async (state) => void (stored.last = state),
    };
    const start = async (pinned: WhatsAppVersion = CURRENT): Promise<ClientVersion> => {
      const gate = new ClientVersion({ pinned, store, now: () => clock.now, onReopened: () => {} });
      await gate.load();
      return gate;
    };
    return { clock, stored, start };
  }

  it("holds in the next process, until the same time", async () => {
    const { clock, start } = processes();
    const until = await (await start()).trip();
    clock.now += 60_000;
    const next = await start();
    expect(next.heldUntil()).toBe(Math.floor(until));
    clock.now += TEN_MINUTES_MS;
    expect(next.heldUntil()).toBeUndefined();
    // That was the probe: also the process after this one waits for its outcome.
    expect(next.heldUntil()).toBeGreaterThan(clock.now);
    expect((await start()).heldUntil()).toBeGreaterThan(clock.now);
  });

  it("holds for another version no longer", async () => {
    const { start } = processes();
    await (await start()).trip();
    expect((await start(NEWER)).heldUntil()).toBeUndefined();
  });

  it("is closed for every process when the version is accepted", async () => {
    const { clock, start } = processes();
    const first = await start();
    await first.trip();
    clock.now += TEN_MINUTES_MS;
    expect(first.heldUntil()).toBeUndefined();
    first.accepted();
    expect((await start()).heldUntil()).toBeUndefined();
  });

  it("lets the first attempt pass that a person asks for after a restart, and no other", async () => {
    const { start } = processes();
    const first = await start();
    await first.trip();
    first.overrule();
    expect(first.heldUntil()).toBeDefined();
    const next = await start();
    next.overrule();
    expect(next.heldUntil()).toBeUndefined();
    next.overrule();
    expect(next.heldUntil()).toBeDefined();
  });

  it("holds for one interval at most when the clock was set back, and is due with a time that can't be read", async () => {
    const { clock, stored, start } = processes();
    await (await start()).trip();
    stored.last = { breaker: { refused: CURRENT, probeAt: "2999-01-01T00:00:00.000Z" } };
    expect((await start()).heldUntil()).toBe(clock.now + TEN_MINUTES_MS);
    stored.last = { breaker: { refused: CURRENT, probeAt: "soon" } };
    expect((await start()).heldUntil()).toBeUndefined();
  });

  it("makes the probe wait for a newer version, for two seconds at most", async () => {
    const { gate } = world(async () => NEWER, CURRENT);
    await gate.load();
    expect(gate.version).toEqual(CURRENT);
    await gate.trip();
    await gate.resolve(undefined);
    expect(gate.version).toEqual(NEWER);
  });
});
