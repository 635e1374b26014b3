/** Waits with an end: deadlines for calls that may hang, waits that a signal ends, and bounded retries. */
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "./backoff.js";
import { MAX_TIMER_MS } from "./timer.js";

/** A call did not answer in time. It may still be under way. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";

  constructor(what: string, timeoutMs: number) {
    super(`${what} did not answer within ${timeoutMs} ms`);
  }
}

/** A deadline passes in so many steps. */
const STEPS = 5;

/**
 * Calls back after the time, unless what it returns is called before. Time during which the process was too busy to hear an answer, or
 * was stopped, counts as one step of the time at most, however long it was: a host that blocks its event loop for seconds is not a
 * server that does not answer. What has arrived when the time is over is read before the call.
 */
export function countDown(timeoutMs: number, onOver: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last: NodeJS.Immediate | undefined;
  const step = (left: number): void => {
    timer = setTimeout(
      () => {
        if (left > 1) step(left - 1);
        // In a round of the event loop timers come before what has arrived, this comes after it.
        else last = setImmediate(onOver);
      },
      Math.min(timeoutMs / STEPS, MAX_TIMER_MS),
    );
  };
  step(STEPS);
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}

/**
 * Settles as the call does, or rejects with a {@link DeadlineError} after `timeoutMs`, as {@link countDown} counts them. The call is
 * not cancelled. With a signal it rejects with its reason, too.
 */
export function withDeadline<T>(
  what: string,
  timeoutMs: number,
  call: () => Promise<T>,
  { signal }: Pick<WaitEnd, "signal"> = {},
): Promise<T> {
  // Not a race of promises, nor an async function: every write and read is one of these.
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const called = call();
    const stop = countDown(timeoutMs, () => fail(new DeadlineError(what, Math.round(timeoutMs))));
    const end = (): void => {
      stop();
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    const onAbort = (): void => fail(asError(signal?.reason));
    signal?.addEventListener("abort", onAbort);
    called.then((value) => {
      end();
      resolve(value);
    }, fail);
  });
}

/** What ends a wait that is not ended by what it waits for. */
export interface WaitEnd {
  /** Milliseconds; Infinity and anything above 24.8 days: no time-out. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a wait ended. */
export type WaitResult<T> =
  | { readonly by: "value"; readonly value: T }
  | { readonly by: "timeout" }
  | { readonly by: "abort"; readonly reason: unknown };

/**
 * Waits for the promise, the time-out or the signal, whichever is first, and says which it was. Rejects only as the promise does.
 * Timer and listener are removed when it settles; a rejection of the promise after that is not reported as unhandled.
 */
export async function waitFor<T>(promise: Promise<T>, end: WaitEnd): Promise<WaitResult<T>> {
  const { timeoutMs = Infinity, signal } = end;
  if (signal?.aborted === true) {
    promise.catch(() => {});
    return { by: "abort", reason: signal.reason };
  }
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  const ended = new Promise<WaitResult<T>>((resolve) => {
    if (timeoutMs <= MAX_TIMER_MS) timer = setTimeout(() => resolve({ by: "timeout" }), timeoutMs);
    onAbort = () => resolve({ by: "abort", reason: signal?.reason });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise.then((value) => ({ by: "value", value }) as const), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** How long and how often to try. */
export interface RetryPolicy {
  /** Ends all trying, in milliseconds from the first try. */
  readonly totalMs: number;
  /** Longest wait of one try, in milliseconds. */
  readonly callMs: number;
  /** At most so many tries. */
  readonly tries: number;
  /** Whether another try can't help. */
  readonly isPermanent: (error: unknown) => boolean;
  /** Awaited before each try, outside of its deadline. A rejection counts as a failed try. */
  readonly beforeTry?: () => Promise<void> | undefined;
  /** Called after each failed try with the time of `performance.now()` at its start. Must not throw. */
  readonly onFailedTry?: (error: unknown, startedAt: number) => void;
  /** Longest wait after such an error before the next try, in milliseconds. Default 2,000. */
  readonly maxWaitMs?: (error: unknown) => number | undefined;
  /** Ends all trying at once: with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits between two tries: half of each is jitter. */
const RETRY_BACKOFF = { firstMs: 50, maxMs: 2_000 };

/** Tries until it works, the policy is used up or the error is permanent; then rejects with the last error, or the signal's reason. */
export async function retrying<T>(what: string, policy: RetryPolicy, call: () => Promise<T>): Promise<T> {
  const endsAt = performance.now() + policy.totalMs;
  const { signal } = policy;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    const startedAt = performance.now();
    const leftMs = (): number => Math.max(1, endsAt - performance.now());
    try {
      const before = policy.beforeTry?.();
      if (before !== undefined) await withDeadline(what, leftMs(), () => before, { signal });
      return await withDeadline(what, Math.min(policy.callMs, leftMs()), call, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      policy.onFailedTry?.(error, startedAt);
      const waits = { ...RETRY_BACKOFF, maxMs: policy.maxWaitMs?.(error) ?? RETRY_BACKOFF.maxMs };
      const waitMs = backoffMs(attempt, waits, Math.random, 0.5);
      const over = attempt >= policy.tries || performance.now() + waitMs >= endsAt;
      if (over || policy.isPermanent(error)) throw error;
      // Ended by the signal, too: then there is no next try.
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
