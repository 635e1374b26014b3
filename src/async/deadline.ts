/** Waits with an end: deadlines for calls that may hang, and bounded retries. */
import { setTimeout as sleep } from "node:timers/promises";

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
 * Settles as the call does, or rejects with a {@link DeadlineError} after `timeoutMs`. The call is not cancelled. Time during
 * which the process was too busy to hear an answer counts as one step of the deadline at most, however long it was: a host
 * that blocks its event loop for seconds is not a store that does not answer.
 */
export async function withDeadline<T>(what: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const step = (left: number): void => {
      timer = setTimeout(() => {
        if (left > 1) step(left - 1);
        else reject(new DeadlineError(what, Math.round(timeoutMs)));
      }, timeoutMs / STEPS);
    };
    step(STEPS);
  });
  try {
    return await Promise.race([call(), deadline]);
  } finally {
    clearTimeout(timer);
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
}

/** The first wait between two tries, in milliseconds; doubled up to {@link LONGEST_WAIT_MS}, with jitter. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** Tries until it works, the policy is used up or the error is permanent; then rejects with the last error. */
export async function retrying<T>(what: string, policy: RetryPolicy, call: () => Promise<T>): Promise<T> {
  const endsAt = performance.now() + policy.totalMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const leftMs = Math.max(1, endsAt - performance.now());
      return await withDeadline(what, Math.min(policy.callMs, leftMs), call);
    } catch (error) {
      const waitMs =
        Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      if (attempt >= policy.tries || policy.isPermanent(error) || performance.now() + waitMs >= endsAt)
        throw error;
      await sleep(waitMs);
    }
  }
}
