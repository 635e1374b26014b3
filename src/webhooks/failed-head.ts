/** Makes failed deliveries of the events at the head of an outbox, and reports each once that is stored. */
import type { DeliveryReports } from "./delivery-reports.js";
import type { Outcome, QueuedDelivery } from "./outbox/batch.js";
import type { Outbox } from "./outbox/outbox.js";

/** Deliveries given up in one batch. */
const GIVE_UP_BATCH = 32;

/** The way of an endpoint's events to its failed deliveries. A listener may list one, or have it delivered again, as soon as it hears of it. */
export class FailedHead {
  readonly #outbox: Outbox;
  readonly #reports: DeliveryReports;
  readonly #now: () => number;

  constructor(outbox: Outbox, reports: DeliveryReports, now: () => number) {
    this.#outbox = outbox;
    this.#reports = reports;
    this.#now = now;
  }

  /** The event at the head fails; the one after it, if it is given, was delivered. Both are stored in one batch. Never rejects. */
  async fail(head: QueuedDelivery, reason: string, delivered?: Outcome): Promise<void> {
    const report = this.#settle(head, reason);
    if (delivered !== undefined) this.#outbox.settle(delivered);
    await this.#outbox.flushed();
    report();
  }

  /**
   * Every event at the head fails that was queued by then: the endpoint has just shown that it takes none. Rejects with a store error;
   * what was moved by then is stored and reported.
   */
  async failAll(queuedBy: number, reason: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reports: (() => void)[] = [];
      try {
        while (reports.length < GIVE_UP_BATCH) {
          const next = await this.#outbox.next();
          if (next === undefined || next.record.since > queuedBy) return;
          reports.push(this.#settle(next, reason));
        }
      } finally {
        await this.#outbox.flushed();
        for (const report of reports) report();
      }
    }
  }

  #settle({ n, record }: QueuedDelivery, reason: string): () => void {
    const { attempts } = this.#outbox;
    this.#outbox.settle({ kind: "failed", n, record, attempts, reason, failedAt: this.#now() });
    return () => this.#reports.failed(record, { attempts, reason });
  }
}
