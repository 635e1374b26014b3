/** Event streams, webhook deliveries, and their figures. */
import type { WebhookEventName } from "./webhook-events.js";

/** Which events `SessionManager.events` yields, and from which one on. */
export interface EventStreamOptions {
  /** Default: of all sessions. */
  readonly sessionIds?: readonly string[] | undefined;
  /** Names of events. Default: the fourteen, and those of `LOGGED_ENGINE_EVENTS`. */
  readonly events?: readonly string[] | undefined;
  /** The `id` of the last event that was seen: the stream starts with the one after it. Default: events to come. */
  readonly after?: string | undefined;
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
}

/** An item of a stream: an event as webhooks have it, or a gap. */
export type StreamedEvent = PublishedEvent | EventGap;

/** Figures of webhooks and the event log. */
export interface OutgoingStats {
  readonly webhooks: WebhookStats;
  readonly eventLog: EventLogStats;
}

/** Events may be missing here: those after the reader's position are no longer kept, or the position is unknown. */
export interface EventGap {
  readonly gap: true;
}

/** Figures of the event log. */
export interface EventLogStats {
  /** Streams being read. */
  readonly readers: number;
  /** Events kept in memory, and about what they take there. */
  readonly events: number;
  readonly bytes: number;
}

/** A failed delivery of one endpoint. Its body is kept too. */
export interface FailedRecord {
  readonly id: string;
  readonly event: WebhookEventName;
  /** When the event happened, in milliseconds since 1970. */
  readonly at: number;
  /** When the delivery was given up, in milliseconds since 1970. */
  readonly failedAt: number;
  readonly attempts: number;
  /** Why the last attempt failed, or why there was none: `status 500`, `no answer within 15000 ms`, `outbox full`… */
  readonly reason: string;
  /** The size of its body. */
  readonly bytes: number;
}

/** An event as it is logged and sent. */
export interface PublishedEvent {
  /** Greater than the id of every earlier event. */
  readonly id: string;
  readonly event: string;
  readonly sessionId: string;
  /** A `WebhookPayload` as JSON. */
  readonly body: string;
}

/** A delivery that failed for good: it was not acknowledged in time, or the outbox was full. */
export interface FailedDelivery extends FailedRecord {
  /** `default`, or the name of a further endpoint. */
  readonly endpoint: string;
}

/** Figures of all webhooks, for metrics. */
export interface WebhookStats {
  /** Endpoints with a queue in use. */
  readonly endpoints: number;
  /** Events stored and not yet acknowledged. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Failed deliveries kept. */
  readonly failed: number;
  /** Requests under way. */
  readonly sending: number;
  /** Endpoints whose last attempt failed and that wait for the next one. */
  readonly retrying: number;
}
