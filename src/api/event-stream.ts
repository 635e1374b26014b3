/** What leaves a manager beside its typed events: the event stream, webhook deliveries, and their figures. */
import type { WebhookEventName } from "./webhook-events.js";

/** Which events `events()` gives, and from where on. */
export interface EventStreamOptions {
  /** Default: of all sessions. */
  readonly sessionIds?: readonly string[] | undefined;
  /** Names of events. Default: the fourteen, and those of `LOGGED_ENGINE_EVENTS`. */
  readonly events?: readonly string[] | undefined;
  /** The `id` of the last event that was seen: the ones after it are given first. */
  readonly after?: string | undefined;
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
}

/** An event of a stream; `body` is JSON of the form that webhooks have. A gap: events may be missing here. */
export type StreamedEvent = PublishedEvent | EventGap;

/** Figures of what leaves. */
export interface OutgoingStats {
  readonly webhooks: WebhookStats;
  readonly eventLog: EventLogStats;
}

/** Events after the reader's place are not kept any more, or the place is unknown: some may be missing here. */
export interface EventGap {
  readonly gap: true;
}

/** Figures of a log. */
export interface EventLogStats {
  readonly readers: number;
  readonly events: number;
  readonly bytes: number;
}

/** What is kept of a failed delivery, beside its body. */
export interface FailedRecord {
  readonly id: string;
  readonly event: WebhookEventName;
  readonly at: number;
  readonly failedAt: number;
  readonly attempts: number;
  /** Why the last attempt failed, or why there was none: `status 500`, `no answer within 15000 ms`, `outbox full`… */
  readonly reason: string;
  readonly bytes: number;
}

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
