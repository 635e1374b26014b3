import { describe, expect, it } from "vitest";
import { isoTime } from "../../src/async/timer.js";
import { ZpwootError } from "../../src/errors.js";
import { CloseActions } from "../../src/session/close-actions.js";
import { CloseCounters } from "../../src/session/close-counters.js";
import { RecordKeeper } from "../../src/session/record.js";
import type { CloseSignal } from "../../src/whatsapp/close-signal.js";
import { FakeParts, START } from "./services.js";

const verdict = (code: number, more: Partial<CloseSignal> = {}): CloseSignal => ({
  kind: "closed",
  code,
  verdict: true,
  ...more,
});
const link = { identity: new Uint8Array(33) };
const LINKED = { link, openMs: undefined };
const UNLINKED = { link: undefined, openMs: undefined };

function actions(parts = new FakeParts(), record = parts.record) {
  const counters = new CloseCounters();
  counters.countAttempt();
  const rejected: string[] = [];
  const retries = { now: 0 };
  return {
    parts,
    counters,
    rejected,
    retries,
    actions: new CloseActions(
      { services: parts.services, record, desired: parts.desired, counters, state: parts.state },
      { rejectStarts: ({ code }) => void rejected.push(code) },
      () => void (retries.now += 1),
    ),
  };
}

describe("after a close", () => {
  it("a lost network waits for the backoff of the attempt", async () => {
    const { parts, actions: act } = actions();
    await act.closed({ kind: "closed", code: 428, verdict: false }, LINKED);
    expect(parts.state.current).toEqual({
      name: "waiting",
      attempt: 1,
      retryAt: START + 3_000,
      cause: { reason: "network", code: 428 },
    });
    expect(parts.desired.nextAt).toBe(START + 3_000);
  });

  it("a restart that WhatsApp asked for is due at once and does not count as an attempt", async () => {
    const { parts, counters, actions: act } = actions();
    await act.closed(verdict(515), LINKED);
    expect(parts.desired.nextAt).toBe(0);
    expect(counters.attempts).toBe(0);
  });

  it("a stable connection resets the counts, a short one does not", async () => {
    const { parts, counters, actions: act } = actions();
    counters.countAttempt();
    await act.closed(verdict(503), { link, openMs: 1_000 });
    expect(parts.state.current).toMatchObject({ name: "waiting", attempt: 2 });
    await act.closed(verdict(503), { link, openMs: 60_000 });
    expect(parts.state.current).toMatchObject({ name: "waiting", attempt: 1 });
  });

  it("an unlinked device loses its credentials and stays offline", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(401, { conflict: "device_removed" }), LINKED);
    expect(parts.calls).toEqual(["saveRecord", "wipeLink"]);
    expect(parts.record.current).toMatchObject({ desired: "offline", phoneNumber: null });
    expect(parts.state.current).toEqual({ name: "loggedOut", cause: "device-removed" });
    expect(parts.all("session.logged-out")).toEqual([{ sessionId: "a", cause: "device-removed" }]);
    expect(parts.lines).toMatchObject([{ level: "warn", message: "session logged out: device-removed" }]);
  });

  it("credentials that can't be deleted are logged, and the session is logged out all the same", async () => {
    const { parts, actions: act } = actions();
    parts.failing.add("wipeLink");
    await act.closed(verdict(401), LINKED);
    expect(parts.state.current).toEqual({ name: "loggedOut", cause: "login-refused" });
    expect(parts.lines[0]).toMatchObject({ level: "error", fields: { error: "wipeLink failed" } });
  });

  it("a spoiled link loses its half-made credentials and is tried again", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(401), UNLINKED);
    expect(parts.calls).toEqual(["wipeHalfLink"]);
    expect(parts.state.current).toMatchObject({ name: "waiting", cause: { reason: "spoiled-link" } });
  });

  it("a link that was not made in time stays offline", async () => {
    const { parts, actions: act } = actions();
    await act.closed({ kind: "closed", code: 408, verdict: false, linkTimeout: true }, UNLINKED);
    expect(parts.state.current).toEqual({ name: "idle", reason: "link-timeout" });
    expect(parts.record.current.desired).toBe("offline");
  });

  it("a link that was not made in time here, and was by another process, is connected", async () => {
    const { parts, actions: act } = actions();
    parts.linkedElsewhere = true;
    await act.closed({ kind: "closed", code: 408, verdict: false, linkTimeout: true }, UNLINKED);
    expect(parts.desired).toMatchObject({ desired: "online", nextAt: 0 });
    expect(parts.record.current.desired).toBe("online");
  });

  it("a refused link that WhatsApp never confirmed is deleted as one, by WhatsApp's word", async () => {
    const parts = new FakeParts({ phoneNumber: null });
    await actions(parts).actions.closed(verdict(401), LINKED);
    expect(parts.calls).toEqual(["wipeLink"]);
  });

  it("a link that is not signed takes no other link along", async () => {
    const { parts, actions: act } = actions();
    await act.closed({ kind: "closed", code: 500, verdict: false, badSignature: true }, LINKED);
    expect(parts.calls).toEqual(["wipeHalfLink"]);
  });

  it("a restriction with an end is waited out, and someone is asked to act", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(402, { expireSeconds: 60 }), LINKED);
    expect(parts.desired).toMatchObject({ desired: "online", nextAt: START + 60_000 });
    expect(parts.state.current).toMatchObject({ name: "restricted", until: START + 60_000 });
    expect(parts.all("session.action-required")).toMatchObject([{ sessionId: "a", action: "temporary-ban" }]);
    expect(parts.lines.at(-1)).toMatchObject({ level: "warn", fields: { action: "temporary-ban" } });
  });

  it("a restriction without an end waits for a command", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(403), LINKED);
    expect(parts.desired.nextAt).toBe(Infinity);
    expect(parts.state.current).toMatchObject({ name: "restricted", until: null });
  });

  it("a second replacement is a conflict, which someone must end", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(440), LINKED);
    await act.closed(verdict(440), LINKED);
    expect(parts.state.current).toEqual({ name: "conflict" });
    expect(parts.all("session.action-required")).toMatchObject([{ action: "conflict" }]);
  });

  it("an outdated client looks for the current version, and tries again when it is found", async () => {
    const { parts, retries, actions: act } = actions();
    await act.closed(verdict(405), LINKED);
    expect(parts.state.current).toMatchObject({ name: "waiting", cause: { reason: "client-outdated" } });
    await expect.poll(() => retries.now).toBe(1);
  });

  it("a client that is outdated again holds the version back, and rejects who waits for an attempt", async () => {
    const { parts, rejected, actions: act } = actions();
    await act.closed(verdict(405), LINKED);
    await act.closed(verdict(405), LINKED);
    expect(rejected).toEqual(["CONNECTION_FAILED"]);
    expect(parts.services.versions.heldUntil()).toBeGreaterThan(START);
    expect(parts.all("session.action-required")).toMatchObject([{ action: "update-client-version" }]);
  });

  it("an attempt that a command requested meanwhile is not put off", async () => {
    const { parts, actions: act } = actions();
    parts.desired.requestAttempt();
    await act.closed(verdict(503), LINKED);
    await act.closed(verdict(403), LINKED);
    expect(parts.desired).toMatchObject({ nextAt: 0, attemptRequested: true });
  });
});

describe("a verdict", () => {
  const AT = isoTime(START);

  it.each([
    [
      "a ban",
      verdict(402, { expireSeconds: 60 }),
      { state: "restricted", reason: "temporary-ban", code: 402, at: AT, until: isoTime(START + 60_000) },
    ],
    ["a lock", verdict(403), { state: "restricted", reason: "locked", code: 403, at: AT, until: null }],
    ["a failure", verdict(409), { state: "failed", reason: "client-refused", code: 409, at: AT }],
    ["an unlinked device", verdict(401), { state: "loggedOut", reason: "login-refused", at: AT }],
  ])("of %s is stored before anyone sees the state", async (_what, close, stored) => {
    const parts = new FakeParts();
    const saved: unknown[] = [];
    const record = new RecordKeeper(parts.record.current, {
      save: async (one) => void saved.push([one.verdict, parts.state.current.name]),
      reachable: parts.services.reachable,
      now: parts.services.now,
      logger: parts.services.logger,
    });
    await actions(parts, record).actions.closed(close, LINKED);
    expect(saved).toEqual([[stored, "connecting"]]);
    expect(parts.state.current.name).toBe(stored.state);
  });

  it("of a conflict says which process found it", async () => {
    const { parts, actions: act } = actions();
    await act.closed(verdict(440), LINKED);
    await act.closed(verdict(440), LINKED);
    expect(parts.record.current.verdict).toEqual({ state: "conflict", at: AT, owner: "process-1" });
  });

  it("of a conflict is none when a process of ours has taken over: nothing is stored, nobody has to act", async () => {
    const { parts, actions: act } = actions();
    parts.takenOver = true;
    await act.closed(verdict(440), LINKED);
    await act.closed(verdict(440), LINKED);
    expect(parts.state.current).toEqual({ name: "conflict" });
    expect(parts.desired.nextAt).toBe(Infinity);
    expect(parts.record.current.verdict ?? null).toBeNull();
    expect(parts.all("session.action-required")).toEqual([]);
  });

  it("is not stored when a command has asked for another attempt meanwhile", async () => {
    const { parts, actions: act } = actions();
    parts.desired.requestAttempt();
    await act.closed(verdict(403), LINKED);
    expect(parts.record.current.verdict).toBeNull();
  });

  it("that can't be stored is logged, and shown all the same", async () => {
    const { parts, actions: act } = actions();
    parts.failing.add("saveRecord");
    await act.closed(verdict(403), LINKED);
    expect(parts.state.current).toMatchObject({ name: "restricted" });
    expect(parts.lines[0]).toMatchObject({ level: "warn", message: "session record not written" });
  });
});

describe("an attempt that could not start", () => {
  it.each([
    ["STORE_UNAVAILABLE", { name: "waiting", cause: { reason: "store" } }],
    ["PROXY_FAILED", { name: "waiting", cause: { reason: "proxy", code: 407 } }],
    ["STORE_CORRUPT", { name: "failed", cause: { reason: "store-corrupt" } }],
    ["MISSING_PACKAGE", { name: "failed", cause: { reason: "connection-failed" } }],
  ] as const)("for %s", async (code, state) => {
    const { parts, rejected, actions: act } = actions();
    await act.failedToStart(new ZpwootError(code, "why", { status: 407 }));
    expect(parts.state.current).toMatchObject(state);
    expect(rejected).toEqual([code]);
    expect(parts.lines[0]).toMatchObject({ level: "warn", fields: { sessionId: "a", code, error: "why" } });
  });
});

describe("a failure inside", () => {
  it("of the store is logged and emitted, and tried again", async () => {
    const { parts, actions: act } = actions();
    const error = new ZpwootError("STORE_UNAVAILABLE", "disk full");
    await act.storeFailed(error);
    expect(parts.state.current).toMatchObject({ name: "waiting", cause: { reason: "store" } });
    expect(parts.all("store.error")).toEqual([{ sessionId: "a", error }]);
    expect(parts.lines[0]).toMatchObject({ level: "error", fields: { error: "disk full" } });
  });

  it("of a damaged record is no wait: someone has to act", async () => {
    const { parts, actions: act } = actions();
    await act.storeFailed(new ZpwootError("STORE_CORRUPT", "damaged"));
    expect(parts.state.current).toEqual({ name: "failed", cause: { reason: "store-corrupt" } });
    expect(parts.all("session.action-required")).toMatchObject([{ action: "store-corrupt" }]);
  });

  it("of the engine is logged and emitted, and ends in `failed`", async () => {
    const { parts, actions: act } = actions();
    await act.engineFailed(new Error("a defect"));
    expect(parts.state.current).toEqual({ name: "failed", cause: { reason: "engine-error" } });
    expect(parts.all("error")).toHaveLength(1);
    expect(parts.desired.nextAt).toBe(Infinity);
  });
});
