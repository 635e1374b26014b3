/**
 * The time by the store's clock, for the ids of events: those of a session grow when it moves from node to node, whatever the clocks of their
 * machines say. Never behind an id that was given before, as far as that is known.
 */
import { steadyNow } from "../async/timer.js";
import type { SharedClock } from "./ports.js";

/** See the head of this file. */
export class StoreClock implements SharedClock {
  readonly #tellTime: () => Promise<number>;
  /** Between the clock of waits and the store's. Undefined before the store was asked. */
  #offset: number | undefined;
  #floor = 0;

  /** `tellTime`: asks the store. */
  constructor(tellTime: () => Promise<number>) {
    this.#tellTime = tellTime;
  }

  /** Milliseconds since 1970; 0 before the store was asked. */
  readonly now = (): number => {
    const told = this.#offset === undefined ? 0 : Math.floor(steadyNow() + this.#offset);
    return Math.max(told, this.#floor);
  };

  /** The store's time. Rejects with a store error. */
  async ask(): Promise<number> {
    const told = await this.#tellTime();
    // Behind the store by the way of the answer: never ahead.
    this.#offset = told - steadyNow();
    return told;
  }

  async pass(): Promise<void> {
    const askedAt = steadyNow();
    const told = await this.ask();
    this.raise(Math.ceil(told + steadyNow() - askedAt) + 1);
  }

  raise(time: number): void {
    this.#floor = Math.max(this.#floor, time);
  }
}
