/** A promise with a deadline, for what is awaited here and owned elsewhere. */

/** Settles as the promise does, or with undefined after the time in milliseconds. The promise goes on; a later rejection is ignored. */
export async function settledWithin<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return (await new Arrival(promise).within(ms))?.value;
}

/** Settles as the promise does, or rejects with the reason of the signal; a later rejection is ignored. Leaves nothing on the signal. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    const end = (): void => signal.removeEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(end);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * A promise that is awaited piece by piece. A wait leaves nothing behind: a `Promise.race` for each would stay with the promise until
 * it settles, which for the next event of a quiet stream may be days.
 */
export class Arrival<T> {
  #outcome: PromiseSettledResult<T> | undefined;
  #wake = (): void => {};

  constructor(promise: Promise<T>) {
    const settle = (outcome: PromiseSettledResult<T>): void => {
      this.#outcome = outcome;
      this.#wake();
    };
    promise.then(
      (value) => settle({ status: "fulfilled", value }),
      (reason: unknown) => settle({ status: "rejected", reason }),
    );
  }

  /** Settles with the promise's value, or with undefined after the time in milliseconds. Rejects as the promise does. One wait at a time. */
  async within(ms: number): Promise<{ readonly value: T } | undefined> {
    if (this.#outcome === undefined) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, Math.max(0, ms));
      });
      clearTimeout(timer);
    }
    const outcome = this.#outcome;
    if (outcome?.status === "rejected") throw outcome.reason;
    return outcome;
  }
}
