/** Time of an emulator, for tests in which it matters. */

/** A clock that stands still until it is told to go on. Give its `now` to `WhatsAppEmulator.start`. */
export class ManualClock {
  #now: number;

  /** Begins at the given time, in milliseconds since the epoch; by default at the present one. */
  constructor(startMs: number = Date.now()) {
    this.#now = startMs;
  }

  /** The time, in milliseconds since the epoch. */
  readonly now = (): number => this.#now;

  /** Lets so many milliseconds pass. */
  advance(ms: number): void {
    this.#now += ms;
  }
}
