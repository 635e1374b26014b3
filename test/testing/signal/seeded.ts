import type { RandomBytes } from "../../../src/testing/signal/index.js";

/** A small seeded generator (mulberry32), so that a failing schedule can be run again from the seed in its name. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 up to but not including `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** Random bytes in the shape the Signal code takes them. */
  readonly bytes: RandomBytes = (size) => Uint8Array.from({ length: size }, () => this.below(256));

  /** Takes a random element out of the list. */
  take<T>(list: T[]): T | undefined {
    return list.splice(this.below(list.length), 1)[0];
  }
}
