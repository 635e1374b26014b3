/** What an outbox writes next. */
import { OutboxBatch, type Outcome, type OutboxLimits } from "./batch.js";
import type { OutboxState } from "./records.js";

/** See the head of this file. */
export interface Draft {
  readonly batch: OutboxBatch;
  /** How many outcomes it contains. */
  readonly settled: number;
  /** The count of attempts in that moment. */
  readonly attempts: number;
  /** Failed deliveries that it drops. */
  dropped: number;
}

/** What has happened to the queue since it was stored. */
export interface Progress {
  readonly outcomes: readonly Outcome[];
  readonly attempts: number;
  /** Whether the count of attempts is to be stored. */
  readonly isCounted: boolean;
}

/** A draft on top of what is stored. */
export function newDraft(
  state: OutboxState,
  limits: OutboxLimits,
  { outcomes, attempts, isCounted }: Progress,
): Draft {
  const batch = new OutboxBatch(state, limits);
  for (const outcome of outcomes) batch.settle(outcome);
  if (isCounted) batch.setAttempts(attempts);
  return { batch, settled: outcomes.length, attempts, dropped: 0 };
}
