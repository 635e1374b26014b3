import { describe, expect, it } from "vitest";
import { CloseCounters } from "../../src/session/close-counters.js";
import type { CloseSignal } from "../../src/whatsapp/close-signal.js";

const verdict = (code: number): CloseSignal => ({ kind: "closed", code, verdict: true });
const NONE = { attempt: 0, restarts: 0, replacements: 0, badSessions: 0, outdated: 0 };

describe("CloseCounters", () => {
  it("counts each kind of WhatsApp's verdicts", () => {
    const counters = new CloseCounters();
    for (const code of [515, 440, 405, 440, 500]) counters.countClose(verdict(code), false);
    expect(counters.context()).toEqual({
      ...NONE,
      restarts: 1,
      replacements: 2,
      outdated: 1,
      badSessions: 1,
    });
  });

  it("does not count the same codes from a proxy at the upgrade", () => {
    const counters = new CloseCounters();
    for (const code of [515, 440, 405, 500])
      counters.countClose({ kind: "closed", code, verdict: false }, false);
    expect(counters.context()).toEqual(NONE);
  });

  it("counts bad sessions only in a row", () => {
    const counters = new CloseCounters();
    counters.countClose(verdict(500), false);
    counters.countClose(verdict(500), false);
    expect(counters.context().badSessions).toBe(2);
    counters.countClose(verdict(503), false);
    expect(counters.context().badSessions).toBe(0);
  });

  it("starts a new row of restarts after a connection that was open", () => {
    const counters = new CloseCounters();
    counters.countClose(verdict(515), false);
    counters.countClose(verdict(515), false);
    counters.countClose(verdict(515), true);
    expect(counters.context().restarts).toBe(1);
  });

  it("does not count an attempt that WhatsApp asked to repeat", () => {
    const counters = new CloseCounters();
    counters.countAttempt();
    counters.countAttempt();
    counters.discountAttempt();
    expect(counters.attempts).toBe(1);
  });

  it("is 0 in everything after a reset", () => {
    const counters = new CloseCounters();
    counters.countAttempt();
    for (const code of [515, 440, 405, 500]) counters.countClose(verdict(code), false);
    counters.reset();
    expect(counters.context()).toEqual(NONE);
  });
});
