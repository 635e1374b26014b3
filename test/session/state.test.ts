import { describe, expect, it } from "vitest";
import type { SessionDetail } from "../../src/api/session-detail.js";
import type { SessionStatus } from "../../src/api/session-info.js";
import { awaitsCommand, detailOf, statusOf, type SessionState } from "../../src/session/state.js";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const qr = { value: "2@secret", seq: 3, expiresAt: AT };

const rows: readonly (readonly [SessionState, SessionStatus, boolean, SessionDetail])[] = [
  [{ name: "idle", reason: "new" }, "disconnected", true, { state: "idle", reason: "new" }],
  [{ name: "connecting", attempt: 2 }, "connecting", false, { state: "connecting", attempt: 2 }],
  [{ name: "qr", attempt: 1, qr }, "connecting", false, { state: "qr", attempt: 1 }],
  [{ name: "pairing", attempt: 1, qr: undefined }, "connecting", false, { state: "pairing", attempt: 1 }],
  [
    { name: "waiting", attempt: 4, retryAt: AT, cause: { reason: "network", code: 428 } },
    "connecting",
    false,
    { state: "waiting", attempt: 4, until: "2026-01-02T03:04:05.000Z", reason: "network", code: 428 },
  ],
  [
    { name: "waiting", attempt: 1, retryAt: AT, cause: { reason: "store" } },
    "connecting",
    false,
    { state: "waiting", attempt: 1, until: "2026-01-02T03:04:05.000Z", reason: "store" },
  ],
  [{ name: "open" }, "connected", false, { state: "open" }],
  [{ name: "closing", wasOpen: true }, "connected", false, { state: "closing" }],
  [{ name: "closing", wasOpen: false }, "connecting", false, { state: "closing" }],
  [
    { name: "loggedOut", cause: "device-removed" },
    "disconnected",
    true,
    { state: "loggedOut", reason: "device-removed" },
  ],
  [
    { name: "restricted", until: AT, cause: { reason: "temporary-ban", code: 402 } },
    "disconnected",
    false,
    { state: "restricted", reason: "temporary-ban", code: 402, until: "2026-01-02T03:04:05.000Z" },
  ],
  [
    { name: "restricted", until: null, cause: { reason: "banned", code: 406 } },
    "disconnected",
    true,
    { state: "restricted", reason: "banned", code: 406 },
  ],
  [{ name: "conflict" }, "disconnected", true, { state: "conflict" }],
  [
    { name: "failed", cause: { reason: "engine-error" } },
    "disconnected",
    true,
    { state: "failed", reason: "engine-error" },
  ],
];

describe("a state", () => {
  it.each(rows)("%j", (state, status, awaits, detail) => {
    expect(statusOf(state)).toBe(status);
    expect(awaitsCommand(state)).toBe(awaits);
    expect(detailOf(state)).toEqual(detail);
  });
});
