/** The time of an emulator, for tests in which it matters. */

/**
 * A clock that stands still until it is advanced. Pass its `now` to `WhatsAppEmulator.start`.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * await using emulator = await WhatsAppEmulator.start({ now: clock.now });
 * clock.advance(180_000); // QR codes shown so far have expired
 * ```
 */
export class ManualClock {
  #nowMs: number;

  /** Starts at the given time, in milliseconds since the epoch; by default at the present time. */
  constructor(startMs: number = Date.now()) {
    this.#nowMs = startMs;
  }

  /** The time, in milliseconds since the epoch. Bound to the clock, so it can be passed on its own. */
  readonly now = (): number => this.#nowMs;

  /** Moves the time forward by so many milliseconds. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
