import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionStatus } from "../../src/api/session-info.js";
import type { WaitOptions } from "../../src/api/sessions-api.js";
import { ZpwootError } from "../../src/errors.js";
import { StateWaiters, waitForStatus } from "../../src/session/state-waiters.js";
import type { SessionState } from "../../src/session/state.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A session that is what the test sets. */
class FakeSession {
  state: SessionState = { name: "idle", reason: "new" };
  wantsOnline = false;
  ended: ZpwootError | undefined;
  readonly waiters = new StateWaiters(() => ({ sessionId: "a", state: this.state }));
  readonly until = this.waiters.until.bind(this.waiters);

  set(state: SessionState): void {
    this.state = state;
    this.waiters.changed();
  }

  waitFor(status: SessionStatus, options?: WaitOptions): Promise<unknown> {
    const outcome = waitForStatus(this, status, options).then(
      () => "settled",
      (error: unknown) => error,
    );
    return outcome;
  }
}

const notYet = Symbol("not yet");
const now = (wait: Promise<unknown>): Promise<unknown> =>
  Promise.race([wait, vi.advanceTimersByTimeAsync(0).then(() => notYet)]);

describe("waiting for a predicate", () => {
  it("settles at once when it holds, and after the change that makes it hold", async () => {
    const session = new FakeSession();
    await session.until(() => true, { goal: "to be anything" });
    const wait = session.until(() => session.state.name === "open", { goal: "to be open" });
    expect(await now(wait)).toBe(notYet);
    session.set({ name: "open" });
    await wait;
  });

  it("rejects with what the predicate throws", async () => {
    const session = new FakeSession();
    const wait = session.until(
      () => {
        if (session.state.name === "open") throw new Error("refused");
        return false;
      },
      { goal: "to be refused" },
    );
    const outcome = expect(wait).rejects.toThrow("refused");
    session.set({ name: "open" });
    await outcome;
  });

  it("says after its time-out what it waited for, and what the session is", async () => {
    const session = new FakeSession();
    session.state = { name: "qr", attempt: 1, qr: { value: "2@secret", seq: 1, expiresAt: 0 } };
    const wait = session.waitFor("connected");
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await now(wait)).toBe(notYet);
    await vi.advanceTimersByTimeAsync(1);
    expect(await wait).toMatchObject({
      code: "TIMEOUT",
      message: "Timed out after 60 s waiting for session a to be connected (now: connecting, qr)",
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says after its time-out why the session can't connect", async () => {
    const session = new FakeSession();
    session.state = { name: "waiting", attempt: 2, retryAt: 0, cause: { reason: "network", code: 408 } };
    const wait = session.waitFor("connected");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await wait).toHaveProperty(
      "message",
      "Timed out after 60 s waiting for session a to be connected (now: connecting, waiting: network (code 408))",
    );
  });

  it.each([2 ** 31, Infinity])("does not time out at once after %d ms", async (timeoutMs) => {
    const session = new FakeSession();
    const wait = session.waitFor("connected", { timeoutMs });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await now(wait)).toBe(notYet);
    session.set({ name: "open" });
    expect(await wait).toBe("settled");
  });

  it("is aborted by its signal, before and during the wait", async () => {
    const session = new FakeSession();
    const reason = new Error("enough");
    const aborted = { code: "ABORTED", cause: reason };
    expect(await session.waitFor("connected", { signal: AbortSignal.abort(reason) })).toMatchObject(aborted);
    const controller = new AbortController();
    const wait = session.waitFor("connected", { signal: controller.signal });
    controller.abort(reason);
    expect(await wait).toMatchObject(aborted);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects, present and future, when nothing will change any more", async () => {
    const session = new FakeSession();
    const wait = session.waitFor("connected");
    session.waiters.end(new Error("stopped"));
    expect(await wait).toMatchObject({ message: "stopped" });
    expect(await session.waitFor("connected")).toMatchObject({ message: "stopped" });
    expect(await session.waitFor("disconnected")).toBe("settled");
  });
});

describe("waiting for a status", () => {
  it("does not take a session that is closing for connected", async () => {
    const session = new FakeSession();
    session.state = { name: "closing", wasOpen: true };
    const wait = session.waitFor("connected");
    expect(await now(wait)).toBe(notYet);
    session.set({ name: "open" });
    expect(await wait).toBe("settled");
  });

  it("rejects when the session comes to a state that only a command ends, and says which", async () => {
    const session = new FakeSession();
    session.state = { name: "connecting", attempt: 1 };
    const wait = session.waitFor("connected");
    session.set({ name: "failed", cause: { reason: "bad-session", code: 500 } });
    expect(await wait).toMatchObject({
      code: "SESSION_NOT_CONNECTED",
      message:
        "The session will not be connected without another command (now: disconnected, failed, bad-session)",
    });
  });

  it("waits on in the state it began in, in a timed restriction, and while an attempt is due", async () => {
    const session = new FakeSession();
    const wait = session.waitFor("connected");
    session.waiters.changed();
    session.set({ name: "restricted", until: 5_000, cause: { reason: "temporary-ban", code: 402 } });
    session.wantsOnline = true;
    session.set({ name: "idle", reason: "disconnected" });
    expect(await now(wait)).toBe(notYet);
    session.set({ name: "open" });
    expect(await wait).toBe("settled");
  });

  it("rejects with SESSION_NOT_FOUND when the session is deleted, also for disconnected", async () => {
    const session = new FakeSession();
    session.state = { name: "open" };
    const waits = [session.waitFor("connecting"), session.waitFor("disconnected")];
    session.ended = new ZpwootError("SESSION_NOT_FOUND", "gone");
    session.set({ name: "idle", reason: "disconnected" });
    expect(await Promise.all(waits)).toMatchObject([
      { code: "SESSION_NOT_FOUND" },
      { code: "SESSION_NOT_FOUND" },
    ]);
  });

  it("rejects with STOPPED when the manager stops, unless it has the status then", async () => {
    const session = new FakeSession();
    session.state = { name: "open" };
    const waits = [session.waitFor("connecting"), session.waitFor("disconnected")];
    session.ended = new ZpwootError("STOPPED", "stopped");
    session.set({ name: "idle", reason: "stopped" });
    expect(await Promise.all(waits)).toMatchObject([{ code: "STOPPED" }, "settled"]);
  });
});
