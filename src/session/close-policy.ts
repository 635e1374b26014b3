/**
 * What to do when a connection ends: one pure table. The codes are those of WhatsApp's stream errors and failures as
 * Baileys-family libraries report them; docs/protocol.md shows each on the wire.
 */
import type { CloseSignal } from "../whatsapp/close-signal.js";
import type { FailureReason, LogoutCause, RestrictionReason, RetryReason } from "../api/session-detail.js";
import type { Cause } from "./state.js";

/** What the session knew when the connection ended. */
export interface CloseContext {
  /** `creds.account` is present: the account is linked. */
  readonly linked: boolean;
  /** WhatsApp has accepted a login of this link, or asked it to restart: it knows the device. */
  readonly confirmed: boolean;
  /** How often in a row each kind of close came, this one included. */
  readonly restarts: number;
  readonly replacements: number;
  readonly badSessions: number;
  readonly outdated: number;
  /** Which attempt in a row ended, from 1. */
  readonly attempt: number;
  /** After how many attempts in a row to give up; null for never. */
  readonly maxAttempts: number | null;
}

/** The decision. */
export type CloseAction =
  /** Connect again at once, with the same credentials. */
  | { readonly do: "reopen" }
  /** Connect again after a backoff. */
  | { readonly do: "retry"; readonly cause: Cause<RetryReason> }
  /** The link is gone: delete the credentials, wait for a command. */
  | { readonly do: "logged-out"; readonly cause: Exclude<LogoutCause, "logout"> }
  /** The offer to link ran out: delete half-made credentials, wait for a command. */
  | { readonly do: "link-timeout" }
  /** Half-made credentials are spoiled: delete them, connect again after a backoff. */
  | { readonly do: "reset-link"; readonly cause: Cause<RetryReason> }
  /** The account is banned or locked; for `seconds`, or (null) until a command. */
  | { readonly do: "restrict"; readonly seconds: number | null; readonly cause: Cause<RestrictionReason> }
  /** Our client version is too old: find the current one, then connect again. */
  | { readonly do: "refresh-version" }
  /** WhatsApp accepts no version we know: open the process-wide breaker. */
  | { readonly do: "hold-version" }
  /** Another process uses these credentials: wait for a command. */
  | { readonly do: "conflict" }
  /** Give up, keep the credentials, wait for a command. */
  | { readonly do: "fail"; readonly cause: Cause<FailureReason> };

/** Restarts (515) in a row that are followed at once; the next one backs off. */
export const MAX_RESTARTS_IN_A_ROW = 3;
/** Bad sessions (500) in a row after which the session fails. */
export const MAX_BAD_SESSIONS_IN_A_ROW = 5;

/**
 * Codes that count only as WhatsApp's verdict: a 401 or a 406 that a proxy or gateway answers to the upgrade is a failure of
 * the network, and so is a number that the library made up.
 */
const VERDICTS: ReadonlySet<number> = new Set([401, 402, 403, 405, 406, 409, 411, 440, 500, 515]);

/** Decides what follows a close. */
export function decideOnClose(close: CloseSignal, context: CloseContext): CloseAction {
  const action = byCode(close, context);
  if (action.do !== "retry" || context.maxAttempts === null || context.attempt < context.maxAttempts)
    return action;
  return { do: "fail", cause: action.cause };
}

function byCode(close: CloseSignal, context: CloseContext): CloseAction {
  const { code, error } = close;
  const retry = (reason: RetryReason): CloseAction => ({ do: "retry", cause: { reason, code, error } });
  if (close.badSignature === true)
    return { do: "reset-link", cause: { reason: "bad-account-signature", code, error } };
  if (close.untrustedServer === true) return retry("untrusted-server");
  if (close.kind !== "closed") return retry(close.kind === "hung" ? "hung" : "library-error");
  if (close.conflict === "device_removed") return unlinked(context, "device-removed");
  if (!close.verdict && code !== undefined && VERDICTS.has(code)) return retry("network");
  switch (code) {
    case 515:
      return context.restarts <= MAX_RESTARTS_IN_A_ROW ? { do: "reopen" } : retry("restart-loop");
    case 401:
      return unlinked(context, "login-refused");
    case 402:
      return {
        do: "restrict",
        seconds: close.expireSeconds ?? null,
        cause: { reason: "temporary-ban", code },
      };
    case 403:
      return { do: "restrict", seconds: null, cause: { reason: "locked", code } };
    case 406:
      return { do: "restrict", seconds: null, cause: { reason: "banned", code } };
    case 405:
      return context.outdated <= 1 ? { do: "refresh-version" } : { do: "hold-version" };
    case 409:
      return { do: "fail", cause: { reason: "client-refused", code } };
    case 411:
      return { do: "fail", cause: { reason: "multi-device-mismatch", code } };
    case 440:
      return context.replacements <= 1 ? retry("replaced") : { do: "conflict" };
    case 500:
      return context.badSessions >= MAX_BAD_SESSIONS_IN_A_ROW
        ? { do: "fail", cause: { reason: "bad-session", code } }
        : retry("bad-session");
    default:
      return close.linkTimeout === true && !context.linked ? { do: "link-timeout" } : retry("network");
  }
}

/**
 * Without a link there is nothing to lose: WhatsApp answers 401 also to the credentials of an abandoned pairing code, and to
 * those of a link that a crash interrupted before WhatsApp heard of it.
 */
function unlinked(context: CloseContext, cause: Exclude<LogoutCause, "logout">): CloseAction {
  if (!context.linked || !context.confirmed)
    return { do: "reset-link", cause: { reason: "spoiled-link", code: 401 } };
  return { do: "logged-out", cause };
}
