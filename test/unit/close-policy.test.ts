import { describe, expect, it } from "vitest";
import {
  MAX_BAD_SESSIONS_IN_A_ROW,
  MAX_RESTARTS_IN_A_ROW,
  decideOnClose,
  type CloseAction,
  type CloseContext,
} from "../../src/session/close-policy.js";
import { retryDelayMs } from "../../src/session/backoff.js";
import { type CloseSignal } from "../../src/whatsapp/close-signal.js";

const context: CloseContext = {
  linked: true,
  confirmed: true,
  attempt: 1,
  restarts: 0,
  replacements: 0,
  badSessions: 0,
  outdated: 0,
  maxAttempts: null,
};
const closed = (code: number | undefined, more: Partial<CloseSignal> = {}): CloseSignal => ({
  kind: "closed",
  code,
  verdict: true,
  ...more,
});
const network = (code: number | undefined): CloseSignal => closed(code, { verdict: false });
const unlinked = { linked: false };

type Row = [sentence: string, signal: CloseSignal, context: Partial<CloseContext>, action: CloseAction];

const rows: Row[] = [
  ["515 after pairing opens again at once", closed(515), { restarts: 1 }, { do: "reopen" }],
  [
    "515 the third time in a row still opens at once",
    closed(515),
    { restarts: MAX_RESTARTS_IN_A_ROW },
    { do: "reopen" },
  ],
  [
    "515 the fourth time in a row backs off",
    closed(515),
    { restarts: MAX_RESTARTS_IN_A_ROW + 1 },
    { do: "retry", cause: { reason: "restart-loop", code: 515 } },
  ],
  ["401 at the login ends a linked session", closed(401), {}, { do: "logged-out", cause: "login-refused" }],
  [
    "401 with device_removed ends it as unlinked from the phone",
    closed(401, { conflict: "device_removed" }),
    {},
    { do: "logged-out", cause: "device-removed" },
  ],
  [
    "device_removed without a code is reported as 440 and ends it all the same",
    closed(440, { conflict: "device_removed" }),
    {},
    { do: "logged-out", cause: "device-removed" },
  ],
  [
    "401 without a link throws the spoiled half-made credentials away",
    closed(401),
    unlinked,
    { do: "reset-link", cause: { reason: "spoiled-link", code: 401 } },
  ],
  [
    "401 for a link that a crash cut off before WhatsApp heard of it starts the link again",
    closed(401),
    { confirmed: false },
    { do: "reset-link", cause: { reason: "spoiled-link", code: 401 } },
  ],
  [
    "401 that WhatsApp did not say (a gateway, the library's own logout) never costs credentials",
    network(401),
    {},
    { do: "retry", cause: { reason: "network", code: 401 } },
  ],
  [
    "402 restricts until the ban expires",
    closed(402, { expireSeconds: 3600 }),
    {},
    { do: "restrict", seconds: 3600, cause: { reason: "temporary-ban", code: 402 } },
  ],
  [
    "402 without an end restricts until someone acts",
    closed(402),
    {},
    { do: "restrict", seconds: null, cause: { reason: "temporary-ban", code: 402 } },
  ],
  [
    "403 restricts: locked",
    closed(403),
    {},
    { do: "restrict", seconds: null, cause: { reason: "locked", code: 403 } },
  ],
  [
    "403 of a gateway is the network's",
    network(403),
    {},
    { do: "retry", cause: { reason: "network", code: 403 } },
  ],
  [
    "406 restricts: banned",
    closed(406),
    {},
    { do: "restrict", seconds: null, cause: { reason: "banned", code: 406 } },
  ],
  ["405 asks for the current version once", closed(405), { outdated: 1 }, { do: "refresh-version" }],
  ["405 again opens the breaker", closed(405), { outdated: 2 }, { do: "hold-version" }],
  [
    "409 fails: this client is refused",
    closed(409),
    {},
    { do: "fail", cause: { reason: "client-refused", code: 409 } },
  ],
  [
    "408 when the QR codes ran out rests without a failure",
    network(408),
    unlinked,
    { do: "retry", cause: { reason: "network", code: 408 } },
  ],
  [
    "408 because the QR codes ran out rests, half-made credentials thrown away",
    closed(408, { verdict: false, linkTimeout: true }),
    unlinked,
    { do: "link-timeout" },
  ],
  [
    "408 of QR codes that ran out after the link was made connects again",
    closed(408, { verdict: false, linkTimeout: true }),
    {},
    { do: "retry", cause: { reason: "network", code: 408 } },
  ],
  ["408 backs off", network(408), {}, { do: "retry", cause: { reason: "network", code: 408 } }],
  ["428 backs off", network(428), {}, { do: "retry", cause: { reason: "network", code: 428 } }],
  ["503 backs off", closed(503), {}, { do: "retry", cause: { reason: "network", code: 503 } }],
  [
    "429 at the upgrade backs off",
    network(429),
    {},
    { do: "retry", cause: { reason: "network", code: 429 } },
  ],
  ["an unknown code backs off", closed(799), {}, { do: "retry", cause: { reason: "network", code: 799 } }],
  [
    "no code backs off",
    network(undefined),
    {},
    { do: "retry", cause: { reason: "network", code: undefined } },
  ],
  ["411 fails", closed(411), {}, { do: "fail", cause: { reason: "multi-device-mismatch", code: 411 } }],
  [
    "440 is tried once more",
    closed(440, { conflict: "replaced" }),
    { replacements: 1 },
    { do: "retry", cause: { reason: "replaced", code: 440 } },
  ],
  [
    "440 again is a conflict, never ping-pong",
    closed(440, { conflict: "replaced" }),
    { replacements: 2 },
    { do: "conflict" },
  ],
  [
    "500 backs off",
    closed(500),
    { badSessions: 1 },
    { do: "retry", cause: { reason: "bad-session", code: 500 } },
  ],
  [
    "500 repeated fails, credentials kept",
    closed(500),
    { badSessions: MAX_BAD_SESSIONS_IN_A_ROW },
    { do: "fail", cause: { reason: "bad-session", code: 500 } },
  ],
  [
    "500 of a server that is not WhatsApp's verdict backs off for ever, as the network's",
    network(500),
    { badSessions: 99 },
    { do: "retry", cause: { reason: "network", code: 500 } },
  ],
  [
    "an end without a code of WhatsApp's backs off for ever, with what the library reported",
    { kind: "closed", code: undefined, verdict: false, error: "Stream Errored (ack)" },
    { badSessions: 99 },
    { do: "retry", cause: { reason: "network", code: undefined, error: "Stream Errored (ack)" } },
  ],
  [
    "411 of a gateway is the network's",
    network(411),
    {},
    { do: "retry", cause: { reason: "network", code: 411 } },
  ],
  [
    "a wrong account signature starts the link again",
    { kind: "guarded", code: undefined, verdict: false, badSignature: true },
    unlinked,
    { do: "reset-link", cause: { reason: "bad-account-signature", code: undefined } },
  ],
  [
    "a server that did not prove to be WhatsApp's is tried again later",
    { kind: "closed", verdict: false, untrustedServer: true, error: "the server" },
    {},
    { do: "retry", cause: { reason: "untrusted-server", code: undefined, error: "the server" } },
  ],
  [
    "our own deadline counts as the network",
    { kind: "hung", code: 408, verdict: false },
    {},
    { do: "retry", cause: { reason: "hung", code: 408 } },
  ],
  [
    "an error that escaped inside the library backs off",
    { kind: "guarded", code: undefined, verdict: false },
    {},
    { do: "retry", cause: { reason: "library-error", code: undefined } },
  ],
  [
    "retries end after maxAttempts, credentials kept",
    network(428),
    { attempt: 5, maxAttempts: 5 },
    { do: "fail", cause: { reason: "network", code: 428 } },
  ],
  [
    "retries go on below maxAttempts",
    network(428),
    { attempt: 4, maxAttempts: 5 },
    { do: "retry", cause: { reason: "network", code: 428 } },
  ],
];

describe("close policy", () => {
  it.each(rows)("%s", (_, signal, more, action) => {
    expect(decideOnClose(signal, { ...context, ...more })).toEqual(action);
  });

  it("deletes credentials for no other signal than a verdict of 401 or device_removed", () => {
    for (let code = 400; code < 600; code += 1) {
      for (const verdict of [true, false]) {
        const action = decideOnClose(closed(code, { verdict }), {
          ...context,
          badSessions: 9,
          replacements: 9,
        });
        // Without a verdict nothing is final.
        if (!verdict)
          expect(action, String(code)).toMatchObject({ do: "retry", cause: { reason: "network" } });
        expect(action.do === "logged-out", `${code} verdict=${verdict}`).toBe(code === 401 && verdict);
      }
    }
  });
});

describe("backoff", () => {
  const limits = { firstDelayMs: 3_000, maxDelayMs: 60_000 };

  it("waits about the first delay after the first attempt", () => {
    expect(retryDelayMs(1, limits, () => 0)).toBe(2_250);
    expect(retryDelayMs(1, limits, () => 0.5)).toBe(3_000);
    expect(retryDelayMs(1, limits, () => 0.999_999)).toBe(3_750);
  });

  it("spreads later waits over a window that doubles, and never exceeds the cap", () => {
    expect(retryDelayMs(2, limits, () => 0.999_999)).toBe(6_000);
    expect(retryDelayMs(3, limits, () => 0.999_999)).toBe(12_000);
    expect(retryDelayMs(50, limits, () => 0.999_999)).toBe(60_000);
    expect(retryDelayMs(100_000, limits, () => 0.999_999)).toBe(60_000);
  });

  it("is never a busy loop", () => {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      expect(retryDelayMs(attempt, limits, () => 0)).toBeGreaterThanOrEqual(1_500);
    }
  });

  it("respects a cap below the first delay", () => {
    expect(retryDelayMs(4, { firstDelayMs: 3_000, maxDelayMs: 100 }, () => 0.999_999)).toBe(100);
  });
});
