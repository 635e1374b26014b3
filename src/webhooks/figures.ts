/** What the dispatcher tells of events, deliveries and itself. */
import type { FailedRecord } from "./outbox-records.js";

/** An event as receivers get it. */
export interface PublishedEvent {
  /** Greater than the id of every earlier event. */
  readonly id: string;
  readonly event: string;
  readonly sessionId: string;
  /** A `WebhookPayload` as JSON. */
  readonly body: string;
}

/** A delivery that was given up. */
export interface FailedDelivery extends FailedRecord {
  /** `default`, or the name of a further endpoint. */
  readonly endpoint: string;
}

/** Figures of all webhooks, for metrics. */
export interface WebhookStats {
  /** Endpoints at work. */
  readonly endpoints: number;
  /** Events stored and not acknowledged. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Failed deliveries kept. */
  readonly failed: number;
  /** Requests under way. */
  readonly sending: number;
  /** Endpoints that failed last and wait for their next attempt. */
  readonly retrying: number;
}
