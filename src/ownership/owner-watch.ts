/** Decides whether the owner that the store names still stands in the way of a new one. */
import { steadyNow } from "../async/timer.js";
import { leaseEnd, type OwnerRecord } from "./owner-record.js";
import { isDead, sees } from "./process-place.js";

/** What stands in the way: nothing, an owner that is alive, or one of whom that is not known yet. */
export type Standing = "free" | "alive" | "unknown";

/** Watches one store for as long as it is claimed in vain. */
export class OwnerWatch {
  /** The lease that was seen first, and since when it has not been renewed by our own clock. */
  #seen: { readonly ownerId: string; readonly epoch: number; until: number; since: number } | undefined;
  #renewed = false;
  readonly #leaseMs: number;

  /** `leaseMs`: who does not renew for so long has stopped. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Looks at what is stored now; `storeNow` is the time by the store's clock. */
  standing(owner: OwnerRecord | undefined, lease: unknown, storeNow: number): Standing {
    if (owner === undefined || owner.released === true || isDead(owner.ownerId, owner)) return "free";
    const until = leaseEnd(lease, owner);
    this.#look(owner, until);
    const unchangedMs = steadyNow() - (this.#seen?.since ?? 0);
    // Whatever the clocks say: who has not renewed for so long has stopped by its own clock.
    if (unchangedMs >= this.#leaseMs) return "free";
    if (this.#renewed && until > storeNow) return "alive";
    // The lease of a process that is seen to live may have ended by a jump of the clock only.
    const lives = sees(owner);
    if (until > storeNow) return lives ? "alive" : "unknown";
    return lives ? "unknown" : "free";
  }

  #look({ ownerId, epoch }: OwnerRecord, until: number): void {
    const seen = this.#seen;
    if (seen === undefined || seen.ownerId !== ownerId) {
      this.#seen = { ownerId, epoch, until, since: steadyNow() };
      this.#renewed = false;
    } else if (seen.until !== until || seen.epoch !== epoch) {
      this.#seen = { ownerId, epoch, until, since: steadyNow() };
      this.#renewed = true;
    }
  }
}
