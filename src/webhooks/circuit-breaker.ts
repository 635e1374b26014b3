/** Whether an endpoint may be tried now. It is open, in the sense of a circuit breaker, after a failure, and lets one try through at a time. */
import { backoffMs } from "./retry-schedule.js";
import type { RetryBounds } from "./retry-schedule.js";

/** How long to wait after a failure. */
export interface FailureTerms {
  /** The wait the receiver asked for, in milliseconds: honoured when it is the longer one. */
  readonly askedMs?: number | undefined;
  /** The most to wait when the receiver asked for nothing, in milliseconds. */
  readonly atMostMs: number;
  /** The most to wait whatever was asked, in milliseconds. */
  readonly ceilingMs: number;
}

/** The failures in a row of one endpoint, and when it may be tried again. */
export class CircuitBreaker {
  readonly #bounds: RetryBounds;
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #retryAt = 0;

  constructor(bounds: RetryBounds, now: () => number, random: () => number) {
    this.#bounds = bounds;
    this.#now = now;
    this.#random = random;
  }

  /** How long it may not be tried, in milliseconds; 0 when it may. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  /** Notes a failure; gives the wait in milliseconds. */
  fail({ askedMs, atMostMs, ceilingMs }: FailureTerms): number {
    this.#failures += 1;
    const own = backoffMs(this.#failures, this.#bounds, this.#random);
    const wait = askedMs === undefined ? Math.min(own, atMostMs) : Math.max(own, askedMs);
    this.#retryAt = this.#now() + Math.min(wait, ceilingMs);
    return this.waitMs;
  }

  /** Continues after a restart with the failures known from before, without their wait. */
  resume(failures: number): void {
    this.#failures = Math.max(this.#failures, failures);
  }

  /** Notes a success, or that the endpoint is another one now. */
  reset(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }
}
