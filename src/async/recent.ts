/** What others may change at any time: it is believed for a while, then read again. */
import { setTimeout as sleep } from "node:timers/promises";

/** A reading and the moment at which it began: what it found was so then, or later. */
interface Reading<T> {
  readonly begunAt: number;
  readonly value: Promise<T>;
  failed: boolean;
}

/**
 * A value that is read as often as its users need it and not more: those who ask meanwhile share one reading, and between the starts of
 * two readings lies a pause. Times are those of `performance.now()`.
 *
 * @example
 * const ids = new Recent(() => readIds(), { pauseMs: 100 });
 * await ids.asOf(performance.now() - 400); // as it was at some moment within the last 400 ms
 */
export class Recent<T> {
  readonly #read: () => Promise<T>;
  readonly #pauseMs: number;
  #last: Reading<T> | undefined;
  /** The reading that has not begun yet. */
  #coming: Promise<T> | undefined;
  #believedFrom = -Infinity;

  constructor(read: () => Promise<T>, { pauseMs }: { readonly pauseMs: number }) {
    this.#read = read;
    this.#pauseMs = pauseMs;
  }

  /** Settles with the value as it was at this time or later. Rejects as the reading does; the next call then reads again. */
  asOf(time: number): Promise<T> {
    const last = this.#last;
    const from = Math.max(time, this.#believedFrom);
    if (last !== undefined && !last.failed && last.begunAt >= from) return last.value;
    return (this.#coming ??= this.#next());
  }

  /** Believes nothing any more that was read before: call after a change of one's own. */
  forget(): void {
    this.#believedFrom = performance.now();
  }

  async #next(): Promise<T> {
    const last = this.#last;
    // One at a time, so that a store that is slow gets no more of them.
    await last?.value.catch(() => {});
    const pauseMs = (last?.begunAt ?? -Infinity) + this.#pauseMs - performance.now();
    if (pauseMs > 0) await sleep(pauseMs);
    this.#coming = undefined;
    const reading: Reading<T> = { begunAt: performance.now(), value: this.#read(), failed: false };
    this.#last = reading;
    // A failure is for those who wait for it, and says nothing to those who come later.
    reading.value.catch(() => (reading.failed = true));
    return reading.value;
  }
}
