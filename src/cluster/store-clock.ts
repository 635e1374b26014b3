/**
 * The time by the store's clock, for the ids of events: those of a session grow when it moves from node to node, whatever the clocks of their
 * machines say.
 */
import { steadyNow } from "../async/timer.js";
import type { SharedClock } from "./ports.js";

/** For so long the two clocks run alike, as far as the end of a lease goes: others look at whether it changes, not at what it says. */
const RECENT_MS = 30_000;

/** See the head of this file. */
export class StoreClock implements SharedClock {
  readonly #tellTime: () => Promise<number>;
  /** Between the clock of waits and the store's. Undefined before the store was asked. */
  #offset: number | undefined;
  /** By the clock of waits. */
  #askedAt = -Infinity;

  /** `tellTime`: asks the store. */
  constructor(tellTime: () => Promise<number>) {
    this.#tellTime = tellTime;
  }

  /** Milliseconds since 1970; 0 before the store was asked. */
  readonly now = (): number => (this.#offset === undefined ? 0 : Math.floor(steadyNow() + this.#offset));

  /** The store's time, as it was told within the last half minute, or is told now. Rejects with a store error. */
  async recent(): Promise<number> {
    return steadyNow() - this.#askedAt < RECENT_MS ? this.now() : this.ask();
  }

  /** The store's time. Rejects with a store error. */
  async ask(): Promise<number> {
    const askedAt = steadyNow();
    const told = await this.#tellTime();
    this.#askedAt = askedAt;
    // Behind the store by the way of the answer: never ahead.
    this.#offset = told - steadyNow();
    return told;
  }

  async latest(): Promise<number> {
    const askedAt = steadyNow();
    const told = await this.ask();
    return Math.ceil(told + steadyNow() - askedAt) + 1;
  }
}
