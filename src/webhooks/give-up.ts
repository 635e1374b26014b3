/** Gives up the deliveries at the head of a queue that are too old, a few in one batch. */
import type { Outbox } from "./outbox/outbox.js";
import type { DeliveryReports } from "./delivery-reports.js";

/** How many are moved in one batch. */
const SWEEP = 32;

/** What is given up, and why. */
export interface GiveUpTerms {
  /** What was queued then or before is overdue: milliseconds since 1970. */
  readonly overdueAt: number;
  /** Why the last attempt failed. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends it after the batch under way. */
  readonly signal: AbortSignal;
}

/**
 * Moves every overdue delivery at the head of the queue to the failed ones. Settles when all are stored and told. Rejects
 * with a store error; what was moved by then is stored and told too.
 */
export async function giveUpOverdue(
  outbox: Outbox,
  reports: DeliveryReports,
  terms: GiveUpTerms,
): Promise<void> {
  let moved = SWEEP;
  while (moved === SWEEP && !terms.signal.aborted) moved = await sweep(outbox, reports, terms);
}

async function sweep(outbox: Outbox, reports: DeliveryReports, terms: GiveUpTerms): Promise<number> {
  const { overdueAt, reason, now } = terms;
  const tell: (() => void)[] = [];
  try {
    while (tell.length < SWEEP) {
      const next = await outbox.next();
      if (next === undefined || next.record.since > overdueAt) break;
      const { n, record } = next;
      const { attempts } = outbox;
      outbox.settle({ kind: "failed", n, record, attempts, reason, failedAt: now() });
      tell.push(() => reports.failed(record, { attempts, reason }));
    }
  } finally {
    // Told when it is stored: who is told may list it, or have it delivered again, at once.
    await outbox.flushed();
    for (const one of tell) one();
  }
  return tell.length;
}
