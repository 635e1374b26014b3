/** Tells an event that its receiver refuses from a receiver that takes nothing at the moment. */
import type { FailedOutcome } from "./response-outcome.js";

/**
 * After so many refusals in a row of one event the next one is tried. With our waits that is about half a minute: a receiver that is
 * being restarted is not asked, and one that fails at random does not come this far with one status.
 */
const REFUSALS = 6;
/** The receiver says that it is not about the event: not now, not so fast. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429, 503]);

/** The refusals of the event at the head of a queue. */
export class Refusals {
  #id = "";
  #status = 0;
  #count = 0;

  /** Counts a failed attempt of an event. Returns whether it is time to see if the receiver takes another one. */
  count(id: string, { status }: FailedOutcome): boolean {
    if (status === undefined || NOT_NOW.has(status)) this.#count = 0;
    else if (id === this.#id && status === this.#status) this.#count += 1;
    else [this.#id, this.#status, this.#count] = [id, status, 1];
    return this.#count >= REFUSALS;
  }
}
