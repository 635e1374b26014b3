import { afterEach, describe, expect, it, vi } from "vitest";
import type { SessionVerdict } from "../../src/api/session-record.js";
import { isoTime, steadyNow, steadyTime } from "../../src/async/timer.js";
import { detailOf, type SessionState } from "../../src/session/state.js";
import { isDatedAhead, restsUntil, stateOf, verdictOf } from "../../src/session/verdict.js";

afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;

/** As after a restart: what was stored is text. */
function restarted(state: SessionState): SessionState | undefined {
  const now = steadyNow();
  return stateOf(JSON.parse(JSON.stringify(verdictOf(state, { now }))) as SessionVerdict | null, now);
}

function banned(now: number): SessionState {
  return { name: "restricted", until: now + HOUR_MS, cause: { reason: "temporary-ban", code: 402 } };
}

function setClock(byMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + byMs);
}

describe("a state and its verdict", () => {
  it.each<SessionState>([
    banned(steadyNow()),
    { name: "restricted", until: null, cause: { reason: "locked", code: 403 } },
    { name: "loggedOut", cause: "device-removed" },
    { name: "conflict" },
    { name: "failed", cause: { reason: "multi-device-mismatch", code: 411, error: "not kept" } },
    { name: "failed", cause: { reason: "store-corrupt" } },
  ])("$name reads after a restart as before it", (state) => {
    const after = restarted(state);
    expect(after && detailOf(after)).toEqual(detailOf(state));
  });

  it.each<SessionState>([
    { name: "idle", reason: "disconnected" },
    { name: "connecting", attempt: 1 },
    { name: "waiting", attempt: 1, retryAt: 0, cause: { reason: "network" } },
    { name: "open" },
    { name: "closing", wasOpen: true },
  ])("$name leaves none", (state) => {
    expect(verdictOf(state, { now: steadyNow() })).toBeNull();
  });

  it("is nothing where nothing is stored, or what only a later version knows", () => {
    expect(stateOf(undefined, steadyNow())).toBeUndefined();
    expect(stateOf(null, steadyNow())).toBeUndefined();
    expect(stateOf({ state: "suspended" } as unknown as SessionVerdict, steadyNow())).toBeUndefined();
  });
});

describe("a restriction after a restart", () => {
  it("is over when its end has passed", () => {
    const now = steadyNow();
    const verdict = verdictOf(banned(now - HOUR_MS), { now: now - HOUR_MS });
    expect(stateOf(verdict, now)).toBeUndefined();
    expect(restsUntil(banned(now - 2 * HOUR_MS), now)).toBeUndefined();
  });

  it("lasts no longer than it was meant to when the clock was set back meanwhile, and is dated anew", () => {
    const now = steadyNow();
    const verdict = verdictOf(banned(now), { now });
    expect(isDatedAhead(verdict, now)).toBe(false);
    setClock(-1_000 * HOUR_MS);
    expect(isDatedAhead(verdict, now)).toBe(true);
    const state = stateOf(verdict, now);
    expect(restsUntil(state as SessionState, now)).toBeCloseTo(now + HOUR_MS, -3);
    const again = verdictOf(state as SessionState, { now });
    expect(isDatedAhead(again, now)).toBe(false);
    // So that the next start counts on, and does not begin again.
    expect(restsUntil(stateOf(again, now + HOUR_MS / 2) as SessionState, now)).toBeCloseTo(now + HOUR_MS, -3);
  });

  it("ends at once when the clock was set forward beyond it", () => {
    const now = steadyNow();
    const verdict = verdictOf(banned(now), { now });
    setClock(2 * HOUR_MS);
    expect(stateOf(verdict, now)).toBeUndefined();
  });

  it("with an end that can't be read lasts until a command", () => {
    const verdict: SessionVerdict = { state: "restricted", reason: "banned", at: "", until: "soon" };
    const state = stateOf(verdict, steadyNow());
    expect(state).toMatchObject({ name: "restricted", until: null });
    expect(restsUntil(state as SessionState, steadyNow())).toBe(Infinity);
  });
});

describe("after a start", () => {
  const now = steadyNow();

  it.each<[SessionState, number | undefined]>([
    [banned(now), now + HOUR_MS],
    [{ name: "restricted", until: null, cause: { reason: "banned" } }, Infinity],
    [{ name: "conflict" }, Infinity],
    [{ name: "failed", cause: { reason: "bad-session" } }, Infinity],
    [{ name: "failed", cause: { reason: "network" } }, Infinity],
    // Another start may have mended these.
    [{ name: "failed", cause: { reason: "connection-failed" } }, undefined],
    [{ name: "failed", cause: { reason: "engine-error" } }, undefined],
    [{ name: "idle", reason: "restored" }, undefined],
  ])("%j rests until %s", (state, until) => {
    expect(restsUntil(state, now)).toBe(until);
  });
});

describe("a time of the clock on the wall", () => {
  it.each([0, HOUR_MS, -HOUR_MS])("is read as it was written, with the clock set by %i", (byMs) => {
    if (byMs !== 0) setClock(byMs);
    const time = Math.floor(steadyNow()) + 60_000;
    expect(isoTime(steadyTime(isoTime(time)))).toBe(isoTime(time));
  });
});
