/** Keeps requests from waiting for a Redis that does not answer: a deadline for each count, and a pause after a failure. */
import { type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible";
import type { Logger } from "../../api/logger.js";
import { messageOf } from "../../errors.js";
import { settledWithin } from "../protocol/settled-within.js";

/** How long a request waits for its count: many times what Redis takes, and too short to be noticed. */
const DEADLINE_MS = 250;
/** How long nothing is asked of a Redis that failed. After it, one request asks. */
const PAUSE_MS = 5_000;

/** Guards all limiters on one Redis. */
export class RedisGuard {
  readonly #logger: Logger | undefined;
  readonly #meanwhile: string;
  /** By `performance.now()`; undefined while Redis answers. */
  #askAgainAt: number | undefined;

  /** `meanwhile`: what happens to requests while Redis does not answer. */
  constructor(logger: Logger | undefined, meanwhile = "requests pass uncounted") {
    this.#logger = logger;
    this.#meanwhile = meanwhile;
  }

  /**
   * Counts one request. Settles within the deadline; with undefined when Redis does not answer, which is logged when it begins and
   * when it ends. Rejects with the count when the limit is exceeded.
   */
  async consume(limiter: RateLimiterAbstract, subject: string): Promise<RateLimiterRes | undefined> {
    const now = performance.now();
    if (this.#askAgainAt !== undefined) {
      if (now < this.#askAgainAt) return undefined;
      this.#askAgainAt = now + PAUSE_MS;
    }
    try {
      const counting = limiter.consume(subject);
      // After a block of the event loop the answer may have arrived, unread: the second wait lets it in.
      const counted = (await settledWithin(DEADLINE_MS, counting)) ?? (await settledWithin(1, counting));
      if (counted === undefined) this.#failed(`no answer within ${DEADLINE_MS} ms`);
      else this.#answered();
      return counted;
    } catch (thrown) {
      if (thrown instanceof RateLimiterRes) {
        this.#answered();
        throw thrown;
      }
      this.#failed(messageOf(thrown));
      return undefined;
    }
  }

  #failed(error: string): void {
    if (this.#askAgainAt === undefined)
      this.#logger?.warn({ error }, `Rate limits unavailable: ${this.#meanwhile} until Redis answers`);
    this.#askAgainAt = performance.now() + PAUSE_MS;
  }

  #answered(): void {
    if (this.#askAgainAt !== undefined) this.#logger?.info({}, "Rate limits are counted again");
    this.#askAgainAt = undefined;
  }
}
