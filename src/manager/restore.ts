/**
 * Bringing many sessions back after a start, without a stampede: a few at a time, recently active first, slower while
 * the event loop lags (whatsapp-protocol.md section 14: 25 at a time kept the worst lag at 20 ms, all at once 700 ms).
 */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";

/** Above this lag of the event loop the next session waits. */
const MAX_LAG_MS = 100;
/** How long it waits then, and at most how often. */
const BRAKE_MS = 50;
const MAX_BRAKES = 20;
/** Sessions that begin together are spread over this time. */
const JITTER_MS = 20;

/** One session to bring back. */
export interface Restorable {
  /** Begins to connect, and settles when the session is through with that (open, waiting for a scan, or failed). */
  restore(): Promise<void>;
}

/** How. */
export interface RestoreLimits {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Called after each session, in the order they get done. */
  readonly onDone: (index: number) => void;
}

/** Restores all, in the given order. Settles when every one was tried or the signal is aborted. Never rejects. */
export async function restoreAll(sessions: readonly Restorable[], limits: RestoreLimits): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < sessions.length && !limits.signal.aborted; index = next++) {
      await sleep(limits.random() * JITTER_MS);
      await brake(limits.signal);
      // A session that can't be restored has said so by its state and its events; the others go on.
      if (!limits.signal.aborted) await sessions[index]?.restore().catch(() => {});
      limits.onDone(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.concurrency, sessions.length) }, worker));
}

async function brake(signal: AbortSignal): Promise<void> {
  for (let times = 0; times < MAX_BRAKES && !signal.aborted; times += 1) {
    const before = performance.now();
    await setImmediate();
    if (performance.now() - before < MAX_LAG_MS) return;
    await sleep(BRAKE_MS);
  }
}
