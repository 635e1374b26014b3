/** What outlives the process of a session that came to rest: its state as the record keeps it, and the state of a record. No I/O. */
import type { FailureReason } from "../api/session-detail.js";
import type { SessionVerdict } from "../api/session-record.js";
import { isoTime, steadyTime } from "../async/timer.js";
import { causeOf, type SessionState } from "./state.js";

/** What is kept beside the state. */
export interface VerdictFacts {
  /** The time, by `steadyNow`. */
  readonly now: number;
  /** The process, as an owner of the store. */
  readonly owner?: string | undefined;
}

/** Failures of the process and its options, which another start may have mended: they are shown, and tried again. */
const OWN_FAILURES: ReadonlySet<FailureReason> = new Set<FailureReason>([
  "connection-failed",
  "engine-error",
]);

/** The verdict to store for a state; null for a state that is no verdict. */
export function verdictOf(state: SessionState, { now, owner }: VerdictFacts): SessionVerdict | null {
  const at = isoTime(now);
  switch (state.name) {
    case "restricted": {
      const until = state.until === null ? null : isoTime(state.until);
      return { state: state.name, ...causeOf(state.cause), at, until };
    }
    case "loggedOut":
      return { state: state.name, reason: state.cause, at };
    case "conflict":
      return { state: state.name, at, ...(owner === undefined ? {} : { owner }) };
    case "failed":
      return { state: state.name, ...causeOf(state.cause), at };
    case "idle":
    case "connecting":
    case "qr":
    case "pairing":
    case "waiting":
    case "open":
    case "closing":
      return null;
  }
}

/** The state that a stored verdict stands for; undefined when there is none, or a restriction that is over. */
export function stateOf(verdict: SessionVerdict | null | undefined, now: number): SessionState | undefined {
  switch (verdict?.state) {
    case "restricted": {
      const until = endOf(verdict, now);
      if (until !== null && until <= now) return undefined;
      return { name: "restricted", until, cause: { reason: verdict.reason, code: verdict.code } };
    }
    case "loggedOut":
      return { name: "loggedOut", cause: verdict.reason };
    case "conflict":
      return { name: "conflict" };
    case "failed":
      return { name: "failed", cause: { reason: verdict.reason, code: verdict.code } };
    // Also what a later version may store.
    default:
      return undefined;
  }
}

/**
 * Until when a session stays at rest that was wanted before the process started: by `steadyNow`, Infinity for until a command.
 * Undefined: it is to connect.
 */
export function restsUntil(state: SessionState, now: number): number | undefined {
  switch (state.name) {
    case "restricted":
      return state.until === null ? Infinity : state.until > now ? state.until : undefined;
    case "loggedOut":
    case "conflict":
      return Infinity;
    case "failed":
      return OWN_FAILURES.has(state.cause.reason) ? undefined : Infinity;
    default:
      return undefined;
  }
}

/** Whether a restriction is dated ahead of the clock, which was set back since: without new times, each start would begin it anew. */
export function isDatedAhead(verdict: SessionVerdict | null | undefined, now: number): boolean {
  return verdict?.state === "restricted" && steadyTime(verdict.at) > now;
}

/**
 * The end of a restriction, by `steadyNow`; null for none, or none that can be read. Never further away than the restriction was
 * long: the clock may have been set back. Set forward it ends too soon, and the next answer of WhatsApp's sets it right.
 */
function endOf(
  { at, until }: SessionVerdict & { readonly until: string | null },
  now: number,
): number | null {
  if (until === null) return null;
  const lengthMs = Date.parse(until) - Date.parse(at);
  const end = Math.min(steadyTime(until), now + lengthMs);
  return Number.isNaN(end) ? null : end;
}
