/** Waiting for a session's state: predicates that are checked again after every change. */
import type { SessionStatus } from "../api/session-info.js";
import type { WaitOptions } from "../api/sessions-api.js";
import { waitFor } from "../async/deadline.js";
import { LazySet } from "../async/lazy-collections.js";
import { ZpwootError } from "../errors.js";
import { durationText } from "./duration.js";
import { causeText } from "./state-log.js";
import { awaitsCommand, detailOf, statusOf, type SessionState } from "./state.js";

/** Unless the caller says otherwise. */
const DEFAULT_TIMEOUT_MS = 60_000;

/** What ends a wait, and what it is for. */
export interface UntilOptions extends WaitOptions {
  /** What the session is waited for to do or be, for the message of a time-out: `to be connected`. */
  readonly goal: string;
}

interface Waiter {
  readonly test: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The waiters on one session. */
export class StateWaiters {
  readonly #waiters = new LazySet<Waiter>();
  readonly #describe: () => { readonly sessionId: string; readonly state: SessionState };
  #ended: Error | undefined;

  constructor(describe: () => { readonly sessionId: string; readonly state: SessionState }) {
    this.#describe = describe;
  }

  /** Nothing will change any more: every wait for something else, present and future, rejects with the error. */
  end(error: Error): void {
    this.#ended = error;
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  /** Checks every predicate again. */
  changed(): void {
    for (const waiter of this.#waiters) check(waiter);
  }

  /**
   * Settles when the predicate holds, at once if it does. A predicate that throws rejects with what it threw. Rejects
   * with `TIMEOUT` (default 60 s; Infinity for none) and `ABORTED`.
   */
  async until(test: () => boolean, options: UntilOptions): Promise<void> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, goal } = options;
    if (signal?.aborted === true) throw aborted(signal.reason);
    if (test()) return;
    if (this.#ended !== undefined) throw this.#ended;
    let waiter: Waiter | undefined;
    const holds = new Promise<void>((resolve, reject) => {
      waiter = { test, resolve, reject };
      this.#waiters.add(waiter);
    });
    try {
      const result = await waitFor(holds, { timeoutMs, signal });
      if (result.by === "abort") throw aborted(result.reason);
      if (result.by === "timeout") throw this.#timedOut(goal, timeoutMs);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  #timedOut(goal: string, timeoutMs: number): ZpwootError {
    const { sessionId, state } = this.#describe();
    const why = state.name === "waiting" ? `: ${causeText(state.cause)}` : "";
    const now = `${statusOf(state)}, ${state.name}${why}`;
    const text = `Timed out after ${durationText(timeoutMs)} waiting for session ${sessionId} ${goal} (now: ${now})`;
    return new ZpwootError("TIMEOUT", text);
  }
}

/** A session, as far as {@link waitForStatus} looks at it. */
export interface WatchedSession {
  readonly state: SessionState;
  /** Whether an attempt is under way or due. */
  readonly wantsOnline: boolean;
  /** Why nothing will change any more: deleted, or the manager was stopped. */
  readonly ended: ZpwootError | undefined;
  until(test: () => boolean, options: UntilOptions): Promise<void>;
}

/**
 * Settles when the session has the status, at once if it has. `connected` means open: a session that is closing is not.
 * Rejects with `TIMEOUT`, `ABORTED`, `SESSION_NOT_FOUND` when the session is deleted, `STOPPED`, and with `SESSION_NOT_CONNECTED` when the session came to another state that only a command ends.
 */
export async function waitForStatus(
  session: WatchedSession,
  status: SessionStatus,
  options: WaitOptions = {},
): Promise<void> {
  const first = session.state;
  await session.until(
    () => {
      const { state, ended } = session;
      if (ended?.code === "SESSION_NOT_FOUND") throw ended;
      if (hasStatus(state, status)) return true;
      if (ended !== undefined) throw ended;
      if (state !== first && awaitsCommand(state) && !session.wantsOnline)
        throw endedElsewhere(state, status);
      return false;
    },
    { ...options, goal: `to be ${status}` },
  );
}

function hasStatus(state: SessionState, status: SessionStatus): boolean {
  // The public status stays `connected` until the socket is down.
  return status === "connected" ? state.name === "open" : statusOf(state) === status;
}

function endedElsewhere(state: SessionState, status: SessionStatus): ZpwootError {
  const { state: name, reason } = detailOf(state);
  const why = reason === undefined ? name : `${name}, ${reason}`;
  return new ZpwootError(
    "SESSION_NOT_CONNECTED",
    `The session will not be ${status} without another command (now: ${statusOf(state)}, ${why})`,
  );
}

function check(waiter: Waiter): void {
  try {
    if (waiter.test()) waiter.resolve();
  } catch (error) {
    waiter.reject(error);
  }
}

function aborted(reason: unknown): ZpwootError {
  return new ZpwootError("ABORTED", "The wait was aborted", { cause: reason });
}
