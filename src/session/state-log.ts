/** A change of state as a log line. */
import type { Logger } from "../api/logger.js";
import { durationText } from "./duration.js";
import { detailOf, type SessionState } from "./state.js";

/** A line for a {@link Logger}. */
export interface LogLine {
  readonly level: Extract<keyof Logger, "info" | "warn">;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly message: string;
}

/** An outage of a moment needs nobody; so many failed attempts in a row are said once. */
const ATTEMPTS_IN_SILENCE = 3;

/**
 * The line of a change. `warn` when the session stops until someone acts, and once when it can't connect for several attempts; `info`
 * otherwise. Never holds a QR or pairing code.
 */
export function stateLogLine(from: SessionState, to: SessionState, now: number): LogLine {
  const { state: name, ...fields } = detailOf(to);
  const error = "cause" in to && typeof to.cause === "object" ? to.cause.error : undefined;
  const retry = to.name === "waiting" ? { retryInMs: Math.max(0, to.retryAt - now) } : {};
  return {
    level: needsAttention(to) ? "warn" : "info",
    fields: { from: from.name, to: name, ...fields, ...retry, ...(error !== undefined && { error }) },
    message: `session ${describe(to, now)}`,
  };
}

function needsAttention(state: SessionState): boolean {
  if (state.name === "waiting") return state.attempt === ATTEMPTS_IN_SILENCE;
  return state.name === "failed" || (state.name === "loggedOut" && state.cause !== "logout");
}

function describe(state: SessionState, now: number): string {
  switch (state.name) {
    case "idle":
      return state.reason === "disconnected" ? "disconnected" : `disconnected: ${state.reason}`;
    case "connecting":
      return state.attempt > 1 ? `connecting, attempt ${state.attempt}` : "connecting";
    case "qr":
      return "shows a QR code";
    case "pairing":
      return "waits for its pairing code to be entered";
    case "waiting":
      return `waiting: ${causeText(state.cause)}, next try in ${durationText(Math.max(0, state.retryAt - now))}`;
    case "open":
      return "open";
    case "closing":
      return "closing";
    case "loggedOut":
      return `logged out: ${state.cause}`;
    case "restricted": {
      const until =
        state.until === null ? "" : `, next try in ${durationText(Math.max(0, state.until - now))}`;
      return `restricted by WhatsApp: ${causeText(state.cause)}${until}`;
    }
    case "conflict":
      return "stopped: another process uses its credentials";
    case "failed":
      return `failed: ${causeText(state.cause)}`;
  }
}

/** A cause, in a few words. */
export function causeText({
  reason,
  code,
}: {
  readonly reason: string;
  readonly code?: number | undefined;
}): string {
  return code === undefined ? reason : `${reason} (code ${code})`;
}
