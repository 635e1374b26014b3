/** Callers that wait for the next change. */
import { ZpwootError } from "../errors.js";

/** See the head of this file. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Settles at the next {@link wake}. Rejects by the signal. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(settle);
        const reason: unknown = signal.reason;
        reject(reason instanceof Error ? reason : new ZpwootError("ABORTED", "The call was ended"));
      };
      const settle = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(settle);
    });
  }

  /** Settles all. */
  wake(): void {
    for (const settle of this.#waiting) settle();
    this.#waiting.clear();
  }
}
