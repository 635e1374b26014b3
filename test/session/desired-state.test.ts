import { describe, expect, it } from "vitest";
import { DesiredState } from "../../src/session/desired-state.js";

const online = (): DesiredState => {
  const desired = new DesiredState();
  desired.wantOnline();
  return desired;
};

describe("DesiredState", () => {
  it("starts offline, with nothing due", () => {
    const desired = new DesiredState();
    expect(desired).toMatchObject({ desired: "offline", nextAt: Infinity, attemptRequested: false });
  });

  it("makes a requested attempt due at once, until it started", () => {
    const desired = online();
    desired.requestAttempt();
    expect(desired).toMatchObject({ nextAt: 0, attemptRequested: true });
    desired.attemptStarted();
    expect(desired).toMatchObject({ desired: "online", nextAt: Infinity, attemptRequested: false });
  });

  it("takes a retry now or at a time", () => {
    const desired = online();
    expect(desired.retryAt(5_000)).toBe(true);
    expect(desired.nextAt).toBe(5_000);
    desired.retryNow();
    expect(desired.nextAt).toBe(0);
  });

  it("refuses a retry that a command came before", () => {
    const offline = new DesiredState();
    expect(offline.retryAt(5_000)).toBe(false);
    expect(offline.nextAt).toBe(Infinity);
    const requested = online();
    requested.requestAttempt();
    expect(requested.retryAt(5_000)).toBe(false);
    expect(requested.nextAt).toBe(0);
  });

  it("pauses until a command or a time, and stays wanted", () => {
    const desired = online();
    desired.retryNow();
    desired.pause();
    expect(desired).toMatchObject({ desired: "online", nextAt: Infinity });
    desired.pause(9_000);
    expect(desired.nextAt).toBe(9_000);
  });

  it("does not pause an attempt that a command requested", () => {
    const desired = online();
    desired.requestAttempt();
    desired.pause(9_000);
    expect(desired.nextAt).toBe(0);
    expect(desired.pauseOffline()).toBe("online");
    expect(desired).toMatchObject({ desired: "online", nextAt: 0 });
  });

  it("pauses offline for good without a command", () => {
    const desired = online();
    expect(desired.pauseOffline()).toBe("offline");
    expect(desired).toMatchObject({ desired: "offline", nextAt: Infinity });
  });

  it("takes back a requested attempt when it goes offline", () => {
    const desired = online();
    desired.requestAttempt();
    desired.wantOffline();
    expect(desired).toMatchObject({ desired: "offline", nextAt: Infinity, attemptRequested: false });
  });
});
