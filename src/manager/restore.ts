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
  { concurrency, timeouts, signal, emit }: RestoreSessionsOptions,
): Promise<RestoredSessions> {
  const offline = sessions.filter(
    ({ record, status }) => record.desired === "online" && status === "disconnected",
  );
  const wanted = offline
    .filter((session) => !session.rest())
    .sort((a, b) => (a.record.updatedAt > b.record.updatedAt ? -1 : 1));
  const timeoutMs = timeouts.connectMs + timeouts.loginMs;
  // One for each session that is being restored: with eleven, Node would warn of a leak.
  setMaxListeners(0, signal);
  let done = 0;
  await restoreAll(
    wanted.map((session) => ({ restore: () => restoreOne(session, timeoutMs, signal) })),
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
  return { restored: wanted.length, resting: offline.length - wanted.length };
}

async function restoreOne(session: RestorableSession, timeoutMs: number, signal: AbortSignal): Promise<void> {
  await session.resume();
  const goal = "to get through its first attempt";
  await session.until(() => session.state.name !== "connecting", { goal, timeoutMs, signal });
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
  let next = 0;
  const restoring: Promise<void>[] = [];
  const restore = async (index: number): Promise<void> => {
    // A session that can't be restored reports it by its state and events; the others continue.
    if (!limits.signal.aborted) await sessions[index]?.restore().catch(() => {});
    limits.onDone(index);
  };
  const worker = async (): Promise<void> => {
    for (let index = next++; index < sessions.length && !limits.signal.aborted; index = next++) {
      await sleep(limits.random() * JITTER_MS);
      await brake(limits.signal);
      const restored = restore(index);
      restoring.push(restored);
      await waitFor(restored, { timeoutMs: HOLD_MS });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.concurrency, sessions.length) }, worker));
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
