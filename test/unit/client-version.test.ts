import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  ClientVersion,
  type ClientVersionStore,
  type WhatsAppVersion,
} from "../../src/whatsapp/client-version.js";

const HOUR_MS = 3_600_000;
const CURRENT: WhatsAppVersion = [2, 3000, 1_111_111_111];
const NEWER: WhatsAppVersion = [2, 3000, 1_222_222_222];

/** A gate with a clock and a store of its own. */
function world(
  resolve: () => Promise<WhatsAppVersion | undefined>,
  remembered?: WhatsAppVersion,
): { gate: ClientVersion; clock: { now: number }; kept: WhatsAppVersion[]; asked: () => number } {
  const clock = { now: 1_000 };
  const kept: WhatsAppVersion[] = [];
  let asked = 0;
  const store: ClientVersionStore = {
    load: async () => remembered,
    save: async (version) => void kept.push(version),
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
    expect(kept).toEqual([CURRENT]);
  });

  it("that is pinned stays, and nobody is asked", async () => {
    const gate = new ClientVersion({ pinned: CURRENT, now: Date.now, onReopened: () => {} });
    await gate.resolve(undefined);
    expect(gate.version).toEqual(CURRENT);
  });
});
