import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/async/backoff.js";
import { CircuitBreaker } from "../../src/webhooks/circuit-breaker.js";
import { WEBHOOK_DEFAULTS } from "../../src/webhooks/options.js";
import { outcomeOfError, outcomeOfResponse, retryAfterMs } from "../../src/webhooks/response-outcome.js";
import { seeded } from "../support/random.js";

const NOW = Date.parse("2026-11-24T00:00:00Z");
const terms = { maxOwnMs: Infinity, maxMs: WEBHOOK_DEFAULTS.maxAgeMs };
const bounds = { firstMs: WEBHOOK_DEFAULTS.retryBaseMs, maxMs: WEBHOOK_DEFAULTS.retryCapMs };

describe("the wait after a failure", () => {
  it("has a ceiling that doubles from one second to fifteen minutes", () => {
    const ceilings = Array.from({ length: 13 }, (_, n) => backoffMs(n + 1, bounds, () => 1));
    expect(ceilings.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(ceilings.slice(-3)).toEqual([900_000, 900_000, 900_000]);
    expect(backoffMs(1_000_000, bounds, () => 1)).toBe(900_000);
  });

  it("is anywhere under that ceiling, so that many queues don't come back at once", () => {
    const random = seeded(1);
    const waits = Array.from({ length: 1_000 }, () => backoffMs(4, bounds, random));
    expect(Math.min(...waits)).toBeLessThan(200);
    expect(Math.max(...waits)).toBeGreaterThan(7_800);
    expect(waits.reduce((sum, wait) => sum + wait) / waits.length).toBeCloseTo(4_000, -3);
  });

  it.each([
    ["120", 120_000],
    [" 0 ", 0],
    ["Tue, 24 Nov 2026 00:01:00 GMT", 60_000],
    ["Mon, 23 Nov 2026 00:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("that a Retry-After of %j asks for is %j ms", (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });

  it("is as long as the receiver asks, but never beyond the age at which events are given up", () => {
    const circuit = new CircuitBreaker(
      WEBHOOK_DEFAULTS,
      () => NOW,
      () => 0.5,
    );
    expect(circuit.fail({ ...terms, requestedMs: 3_600_000 })).toBe(3_600_000);
    expect(circuit.fail({ ...terms, requestedMs: 1e15 })).toBe(WEBHOOK_DEFAULTS.maxAgeMs);
    circuit.reset();
    expect(circuit.fail({ ...terms, requestedMs: 0 })).toBe(500);
    expect(circuit.fail({ ...terms, maxOwnMs: 10 })).toBe(10);
  });

  it("ends by the clock, and begins small again after a success", () => {
    let now = NOW;
    const circuit = new CircuitBreaker(
      WEBHOOK_DEFAULTS,
      () => now,
      () => 0.999_999,
    );
    expect([1, 2, 3].map(() => circuit.fail(terms))).toEqual([1_000, 2_000, 4_000]);
    now += 4_000;
    expect(circuit.waitMs).toBe(0);
    circuit.reset();
    expect(circuit.fail(terms)).toBe(1_000);
  });

  it("goes on growing after a restart, which itself is not waited for", () => {
    const circuit = new CircuitBreaker(
      WEBHOOK_DEFAULTS,
      () => NOW,
      () => 0.999_999,
    );
    circuit.resume(4);
    expect(circuit.waitMs).toBe(0);
    expect(circuit.fail(terms)).toBe(16_000);
  });
});

describe("an answer", () => {
  it.each([200, 201, 204, 299])("of %i acknowledges", (status) => {
    expect(outcomeOfResponse({ status }, NOW)).toEqual({ kind: "delivered" });
  });

  it("of 410 ends the endpoint", () => expect(outcomeOfResponse({ status: 410 }, NOW).kind).toBe("gone"));

  it.each([301, 302, 307, 308, 400, 401, 404, 408, 409, 429, 500, 503])("of %i is tried again", (status) => {
    expect(outcomeOfResponse({ status, retryAfter: "7" }, NOW)).toMatchObject({
      kind: "failed",
      retryAfterMs: 7_000,
    });
  });

  it("that never came is told without what a foreign error says, which may hold the URL", () => {
    const outcome = outcomeOfError(new Error("connect to http://user:password@host failed"));
    expect(outcome).toEqual({ kind: "failed", reason: "the request could not be made" });
  });
});
