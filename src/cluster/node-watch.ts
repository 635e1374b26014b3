/** Decides whether another node is alive, by our own clock alone: what clocks of others say does not matter. */
import { steadyNow } from "../async/timer.js";
import { isDead } from "../ownership/process-place.js";
import type { NodeFacts, NodeLease } from "./records.js";

/** Watches one node, from the first time it is seen. */
export class NodeWatch {
  readonly #maxGapMs: number;
  #until: number | undefined;
  #changedAt = steadyNow();
  #lookedAt = steadyNow();

  /**
   * `maxGapMs`: after a longer time without a look, the node has its whole lease again: whoever could not look, because the store was away
   * or the process stood still, does not know whether the others could renew theirs.
   */
  constructor(maxGapMs: number) {
    this.#maxGapMs = maxGapMs;
  }

  /** Since when its lease is the same, in milliseconds. */
  get silentMs(): number {
    return Math.round(this.#lookedAt - this.#changedAt);
  }

  /** Looks at what is stored now. Returns whether the node has died, or has stopped by its own clock. */
  isOver(id: string, facts: NodeFacts, lease: NodeLease | undefined): boolean {
    const now = steadyNow();
    if (lease?.until !== this.#until || now - this.#lookedAt > this.#maxGapMs) this.#changedAt = now;
    this.#until = lease?.until;
    this.#lookedAt = now;
    return isDead(id, facts) || now - this.#changedAt >= facts.leaseMs;
  }
}
