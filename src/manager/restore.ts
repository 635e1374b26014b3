/**
 * Brings sessions back after a start without a stampede: a few at a time, the recently active first, slower while the event
 * loop lags. Measured with 25 at once: the event loop was late by 20 ms at most; with all at once by 700 ms.
 */
import { setMaxListeners } from "node:events";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { SessionStatus } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import { waitFor } from "../async/deadline.js";
import type { SessionServices } from "../session/services.js";
import type { SessionState } from "../session/state.js";

/** Above this lag of the event loop the next session waits. */
const MAX_LAG_MS = 100;
/** How long it waits then, and at most how often. */
const BRAKE_MS = 50;
const MAX_BRAKES = 20;
/** How long a session that is connecting holds up the next one. Later it waits beside it, for a server or proxy that is silent. */
const HOLD_MS = 2_000;
/** Sessions that begin together are spread over this time. */
const JITTER_MS = 20;

/** A session, as far as restoring needs it. */
export interface RestorableSession {
  readonly record: SessionRecord;
  readonly status: SessionStatus;
  readonly state: SessionState;
  /** Whether it stays at rest: what brought it there still holds. Its end is waited for then, if it has one. */
  rest(): boolean;
  /** Connects, without being a person's command. */
  resume(): Promise<void>;
  until(
    test: () => boolean,
    options: { readonly goal: string; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** How sessions are brought back. */
export interface RestoreSessionsOptions {
  /** How many may be connecting at once. */
  readonly concurrency: number;
  readonly timeouts: SessionServices["timeouts"];
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly emit: SessionServices["emit"];
}

/** How many sessions were tried, and how many stayed at rest. */
export interface RestoredSessions {
  readonly restored: number;
  readonly resting: number;
}

/**
 * Connects every session that was online when the manager stopped, and emits `session.restored` after each. A session that a verdict
 * brought to rest is left there while that holds: a banned account is not logged in. Settles when every other one was tried once or
 * the signal is aborted. Never rejects.
 */
export async function restoreSessions(
  sessions: readonly RestorableSession[],
  options: RestoreSessionsOptions,
): Promise<RestoredSessions> {
  const { concurrency, signal, emit } = options;
  const { wanted, resting } = restorable(sessions);
  // One for each session that is being restored: with eleven, Node would warn of a leak.
  setMaxListeners(0, signal);
  let done = 0;
  await restoreAll(
    wanted.map((session) => toRestore(session, options)),
    {
      concurrency,
      signal,
      random: Math.random,
      onDone: (index) => {
        done += 1;
        const sessionId = wanted[index]?.record.id ?? "";
        emit("session.restored", { sessionId, done, total: wanted.length });
      },
    },
  );
  return { restored: wanted.length, resting };
}

/** Those of the sessions that are to connect, the recently active first, and how many stay at rest. */
export function restorable(sessions: readonly RestorableSession[]): {
  readonly wanted: readonly RestorableSession[];
  readonly resting: number;
} {
  const offline = sessions.filter(
    ({ record, status }) => record.desired === "online" && status === "disconnected",
  );
  const wanted = offline
    .filter((session) => !session.rest())
    .sort((a, b) => (a.record.updatedAt > b.record.updatedAt ? -1 : 1));
  return { wanted, resting: offline.length - wanted.length };
}

/** How a session is brought back: it is let through its first attempt. */
export function toRestore(
  session: RestorableSession,
  { timeouts, signal }: Pick<RestoreSessionsOptions, "timeouts" | "signal">,
): Restorable {
  const goal = "to get through its first attempt";
  const timeoutMs = timeouts.connectMs + timeouts.loginMs;
  return {
    restore: async () => {
      await session.resume();
      await session.until(() => session.state.name !== "connecting", { goal, timeoutMs, signal });
    },
  };
}

/** One session to bring back. */
export interface Restorable {
  /** Starts to connect. Settles when the session is open, waits for a scan, or failed. */
  restore(): Promise<void>;
}

/** How {@link restoreAll} works. */
export interface RestoreLimits {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Called after each session, in the order in which they finish. */
  readonly onDone: (index: number) => void;
}

/** Restores all, in the given order. Settles when every one was tried or the signal is aborted. Never rejects. */
export async function restoreAll(sessions: readonly Restorable[], limits: RestoreLimits): Promise<void> {
  let index = 0;
  const next = (): NextRestorable | undefined => {
    const session = sessions[index];
    const place = index;
    index += 1;
    return session && { session, onDone: () => limits.onDone(place) };
  };
  const workers = Array.from({ length: Math.min(limits.concurrency, sessions.length) }, () =>
    restoreNext(next, limits),
  );
  await Promise.all(workers);
}

/** One session to bring back, and what is called when it was tried. */
export interface NextRestorable {
  readonly session: Restorable;
  readonly onDone: () => void;
}

/**
 * Restores one session after the other, as long as there is a next one. Settles when each was tried or the signal is aborted. Never
 * rejects.
 */
export async function restoreNext(
  next: () => NextRestorable | undefined,
  { signal, random }: Pick<RestoreLimits, "signal" | "random">,
): Promise<void> {
  const restoring: Promise<void>[] = [];
  for (let found = next(); found !== undefined && !signal.aborted; found = next()) {
    const { session, onDone } = found;
    await sleep(random() * JITTER_MS);
    await brake(signal);
    // A session that can't be restored reports it by its state and events; the others continue.
    const restored = (signal.aborted ? Promise.resolve() : session.restore().catch(() => {})).then(onDone);
    restoring.push(restored);
    await waitFor(restored, { timeoutMs: HOLD_MS });
  }
  await Promise.all(restoring);
}

/** Waits while the event loop is late, for a second at most. */
async function brake(signal: AbortSignal): Promise<void> {
  for (let times = 0; times < MAX_BRAKES && !signal.aborted; times += 1) {
    const before = performance.now();
    await setImmediate();
    if (performance.now() - before < MAX_LAG_MS) return;
    await sleep(BRAKE_MS);
  }
}
