/** How fast queued messages leave: whoever sends fast, evenly, and to strangers, gets banned. */
import type { PaceOptions } from "../api/messages.js";

const MINUTE_MS = 60_000;

/** The pace of one session. Pure, but for the random number that each wait draws. */
export class Pace {
  readonly #options: Required<PaceOptions>;
  readonly #random: () => number;

  constructor(options: Required<PaceOptions>, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /**
   * How long after the message before the next one may leave, in milliseconds. `isFirst`: it is the first to its recipient. Draws a new
   * number each time.
   */
  gapMs(isFirst: boolean): number {
    const { perMinute, jitter, firstContact } = this.#options;
    if (perMinute === Infinity) return 0;
    const spread = 1 + jitter * (2 * this.#random() - 1);
    return (MINUTE_MS / perMinute) * spread * (isFirst ? firstContact : 1);
  }
}
