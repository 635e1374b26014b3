/** How long this process may act as the owner, by its own clock, which no correction of the machine's time moves. */
import { steadyNow } from "../async/timer.js";

/** The times of an ownership, in milliseconds. */
export interface OwnershipTimes {
  /** How long an owner is taken for alive after its last renewal, by the store's clock. */
  readonly leaseMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** The owner stops so long before others may begin: clocks run at different speeds. */
  readonly marginMs: number;
}

/** The times that all processes on a store share. */
export const OWNERSHIP_TIMES: OwnershipTimes = { leaseMs: 10_000, renewMs: 3_000, marginMs: 1_000 };

/** The lease as this process may trust it. */
export class Lease {
  readonly #times: OwnershipTimes;
  readonly #onExpired: () => void;
  #validUntil = -Infinity;
  #askedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** `onExpired` is called each time the lease runs out, and must not throw. */
  constructor(times: OwnershipTimes, onExpired: () => void) {
    this.#times = times;
    this.#onExpired = onExpired;
  }

  /** Whether the store has confirmed the ownership in time. */
  get valid(): boolean {
    return steadyNow() < this.#validUntil;
  }

  /** Until the next renewal, in milliseconds. Counted from when the store was asked: an answer that was long under way has used up its lease. */
  get renewInMs(): number {
    return Math.max(0, this.#askedAt + this.#times.renewMs - steadyNow());
  }

  /** The store confirmed the ownership. `askedAt`: when it was asked, by `steadyNow`; what happened after that is unknown. */
  confirmed(askedAt: number): void {
    this.#askedAt = Math.max(this.#askedAt, askedAt);
    this.#validUntil = Math.max(this.#validUntil, askedAt + this.#times.leaseMs - this.#times.marginMs);
    clearTimeout(this.#timer);
    const leftMs = this.#validUntil - steadyNow();
    if (leftMs > 0) this.#timer = setTimeout(this.#onExpired, leftMs).unref();
  }

  /** It is over; `onExpired` is not called any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#validUntil = -Infinity;
  }
}
