/** Whether this node may act, by its own clock: what follows when the store confirms that it is alive, and when it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { steadyNow } from "../async/timer.js";
import { messageOf } from "../errors.js";
import { Lease, type OwnershipTimes } from "../ownership/lease.js";
import type { OwnershipListener } from "../ownership/ownership.js";
import { unconfirmed } from "./refusals.js";

/** The pause after a store that did not answer. */
const RETRY_MS = 200;

/** What a {@link Heartbeat} needs. */
export interface HeartbeatOptions {
  readonly times: OwnershipTimes;
  readonly listener: OwnershipListener;
  readonly logger: Logger;
  /** Names the store in errors. */
  readonly store: string;
}

/** See the head of this file. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #lease: Lease;
  #expired = false;
  #confirmedAt = steadyNow();
  #ended = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#lease = new Lease(options.times, () => this.#expire());
  }

  /** Whether the store has confirmed in time that the node is alive. */
  get valid(): boolean {
    return this.#lease.valid;
  }

  /** Since the store last confirmed it, in milliseconds. */
  get lagMs(): number {
    return Math.round(steadyNow() - this.#confirmedAt);
  }

  /** The store confirmed it. `askedAt`: when it was asked, by `steadyNow`. */
  confirmed(askedAt: number): void {
    this.#lease.confirmed(askedAt);
    this.#confirmedAt = askedAt;
    if (!this.#expired || !this.#lease.valid || this.#ended) return;
    this.#expired = false;
    this.#options.logger.info({}, "The store confirms again that this node is alive");
    this.#options.listener.onConfirmed();
  }

  /** Renews the lease for as long as it goes on. Never rejects. */
  async keep(
    renew: () => Promise<void>,
    { goesOn, signal }: { readonly goesOn: () => boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { logger } = this.#options;
    let failed = false;
    while (goesOn()) {
      // Soon, when the store did not answer; at once, when the last renewal took longer than the lease.
      if (this.valid && !failed)
        await sleep(this.#lease.renewInMs, undefined, { signal, ref: false }).catch(() => {});
      if (!goesOn()) return;
      try {
        await renew();
        failed = false;
      } catch (error) {
        if (!goesOn()) return;
        const fields = { error: messageOf(error) };
        if (!failed) logger.warn(fields, "The store did not confirm that this node is alive");
        failed = true;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** The node was given up: what it runs is dropped by another way. The next {@link confirmed} begins anew. */
  lost(): void {
    this.#expired = false;
    this.#lease.end();
  }

  /** The node leaves. */
  end(): void {
    this.#ended = true;
    this.#lease.end();
  }

  #expire(): void {
    if (this.#ended) return;
    this.#expired = true;
    const error = unconfirmed(this.#options.store);
    this.#options.logger.error({}, error.message);
    this.#options.listener.onExpired(error);
  }
}
