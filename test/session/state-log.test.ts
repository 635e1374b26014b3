import { describe, expect, it } from "vitest";
import { durationText } from "../../src/session/duration.js";
import { stateLogLine } from "../../src/session/state-log.js";
import type { SessionState } from "../../src/session/state.js";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const OPEN: SessionState = { name: "open" };

describe("the log line of a state", () => {
  const rows: readonly (readonly [SessionState, string, object])[] = [
    [{ name: "idle", reason: "disconnected" }, "session disconnected", { reason: "disconnected" }],
    [
      { name: "idle", reason: "link-timeout" },
      "session disconnected: link-timeout",
      { reason: "link-timeout" },
    ],
    [{ name: "connecting", attempt: 1 }, "session connecting", { attempt: 1 }],
    [{ name: "connecting", attempt: 3 }, "session connecting, attempt 3", { attempt: 3 }],
    [{ name: "open" }, "session open", {}],
    [{ name: "closing", wasOpen: true }, "session closing", {}],
    [
      { name: "waiting", attempt: 2, retryAt: NOW + 3_000, cause: { reason: "network", code: 428 } },
      "session waiting: network (code 428), next try in 3 s",
      { reason: "network", code: 428, attempt: 2, retryInMs: 3_000, until: "2026-01-02T03:04:08.000Z" },
    ],
    [
      {
        name: "waiting",
        attempt: 1,
        retryAt: NOW + 3_000,
        cause: { reason: "network", error: "WebSocket Error (self-signed certificate)" },
      },
      "session waiting: network, next try in 3 s",
      {
        reason: "network",
        attempt: 1,
        retryInMs: 3_000,
        until: "2026-01-02T03:04:08.000Z",
        error: "WebSocket Error (self-signed certificate)",
      },
    ],
    [
      { name: "restricted", until: NOW + 3_600_000, cause: { reason: "temporary-ban", code: 402 } },
      "session restricted by WhatsApp: temporary-ban (code 402), next try in 60 min",
      { reason: "temporary-ban", code: 402, until: "2026-01-02T04:04:05.000Z" },
    ],
    [
      { name: "restricted", until: null, cause: { reason: "banned", code: 406 } },
      "session restricted by WhatsApp: banned (code 406)",
      { reason: "banned", code: 406 },
    ],
    [{ name: "loggedOut", cause: "logout" }, "session logged out: logout", { reason: "logout" }],
    [{ name: "conflict" }, "session stopped: another process uses its credentials", {}],
  ];

  it.each(rows)("%j", (to, message, fields) => {
    expect(stateLogLine(OPEN, to, NOW)).toEqual({
      level: "info",
      message,
      fields: { from: "open", to: to.name, ...fields },
    });
  });

  it.each<SessionState>([
    { name: "failed", cause: { reason: "bad-session", code: 500 } },
    { name: "loggedOut", cause: "device-removed" },
    { name: "loggedOut", cause: "login-refused" },
  ])("is a warning when the session stops until someone acts: %j", (to) => {
    expect(stateLogLine(OPEN, to, NOW).level).toBe("warn");
  });

  it("is a warning once when a session can't connect for several attempts", () => {
    const levels = [1, 2, 3, 4, 5].map(
      (attempt) =>
        stateLogLine(OPEN, { name: "waiting", attempt, retryAt: NOW, cause: { reason: "network" } }, NOW)
          .level,
    );
    expect(levels).toEqual(["info", "info", "warn", "info", "info"]);
  });

  it("holds neither QR nor pairing code", () => {
    const qr = { value: "2@secret", seq: 1, expiresAt: NOW };
    const lines = [
      stateLogLine(OPEN, { name: "qr", attempt: 1, qr }, NOW),
      stateLogLine(OPEN, { name: "pairing", attempt: 1, qr }, NOW),
    ];
    expect(JSON.stringify(lines)).not.toContain("secret");
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 ms"],
    [20, "20 ms"],
    [999.6, "1000 ms"],
    [1_500, "1.5 s"],
    [60_000, "60 s"],
    [600_000, "10 min"],
    [7_200_000, "2 h"],
  ])("of %d ms is %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
