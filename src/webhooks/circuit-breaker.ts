/** A circuit breaker per endpoint: open after a failure, for a wait that grows with each further one. */
import { backoffMs } from "../async/backoff.js";
import type { WebhookLimits } from "./options.js";

/** How long to wait after a failure. */
export interface FailureTerms {
  /** The wait that the receiver asked for, in milliseconds: used when it is longer than ours. */
  readonly requestedMs?: number | undefined;
  /** The longest wait when the receiver asked for none, in milliseconds. */
  readonly maxOwnMs: number;
  /** The longest wait, whatever was asked for, in milliseconds. */
  readonly maxMs: number;
}

/** The failures in a row of one endpoint, and when it may be tried again. */
export class CircuitBreaker {
  readonly #limits: Pick<WebhookLimits, "retryBaseMs" | "retryCapMs">;
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #retryAt = 0;

  constructor(
    limits: Pick<WebhookLimits, "retryBaseMs" | "retryCapMs">,
    now: () => number,
    random: () => number,
  ) {
    this.#limits = limits;
    this.#now = now;
    this.#random = random;
  }

  /** Milliseconds until the endpoint may be tried; 0 when it may now. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#now());
  }

  /** Counts a failure. Returns the wait until the next attempt, in milliseconds. */
  fail({ requestedMs, maxOwnMs, maxMs }: FailureTerms): number {
    this.#failures += 1;
    const { retryBaseMs: firstMs, retryCapMs } = this.#limits;
    // Full jitter: the queues of many sessions must not all call a receiver in the moment it comes back.
    const ownMs = Math.round(backoffMs(this.#failures, { firstMs, maxMs: retryCapMs }, this.#random));
    const waitMs = requestedMs === undefined ? Math.min(ownMs, maxOwnMs) : Math.max(ownMs, requestedMs);
    this.#retryAt = this.#now() + Math.min(waitMs, maxMs);
    return this.waitMs;
  }

  /** Continues the count of failures after a restart, without waiting. */
  resume(failures: number): void {
    this.#failures = Math.max(this.#failures, failures);
  }

  /** Closes the breaker, after a success or a change of the endpoint. */
  reset(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }
}
