/** Waiting for a session's state: predicates that are looked at again after every change. */
import { ZpwootError } from "../errors.js";
import type { WaitOptions } from "../api/sessions-api.js";

interface Waiter {
  readonly test: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The waiters on one session. */
export class StateWaiters {
  readonly #waiters = new Set<Waiter>();
  #ended: Error | undefined;

  /** Nothing will change any more: every wait for something else, present and future, rejects with the error. */
  end(error: Error): void {
    this.#ended = error;
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  /** Looks at every predicate again. */
  changed(): void {
    for (const waiter of this.#waiters) this.#check(waiter);
  }

  /**
   * Settles when the predicate holds, at once if it does. A predicate that throws rejects with what it threw. Rejects
   * with `TIMEOUT` (default 60,000 ms) and `ABORTED`.
   */
  async until(test: () => boolean, options: WaitOptions = {}): Promise<void> {
    const { signal, timeoutMs = 60_000 } = options;
    if (signal?.aborted === true) throw aborted(signal);
    if (test()) return;
    if (this.#ended !== undefined) throw this.#ended;
    let end = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { test, resolve, reject };
        this.#waiters.add(waiter);
        const onAbort = (): void => reject(aborted(signal as AbortSignal));
        const late = (): void =>
          reject(new ZpwootError("TIMEOUT", `The session did not get there within ${timeoutMs} ms`));
        const timer = timeoutMs === Infinity ? undefined : setTimeout(late, timeoutMs);
        signal?.addEventListener("abort", onAbort, { once: true });
        end = () => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
        };
      });
    } finally {
      end();
    }
  }

  #check(waiter: Waiter): void {
    try {
      if (waiter.test()) waiter.resolve();
    } catch (error) {
      waiter.reject(error);
    }
  }
}

function aborted(signal: AbortSignal): ZpwootError {
  return new ZpwootError("ABORTED", "The wait was aborted", { cause: signal.reason });
}
