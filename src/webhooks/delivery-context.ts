/** What the deliveries of all endpoints share. */
import type { EngineEvents } from "../api/events.js";
import type { Logger } from "../api/logger.js";
import type { WebhookConfig } from "../api/session-record.js";
import type { KeySpace } from "../store/space/key-space.js";
import type { WebhookLimits } from "./options.js";
import type { SessionWriter } from "./outbox/session-writer.js";
import type { WebhookTransport } from "./transport.js";

/** The events that webhooks emit. */
export type WebhookOwnEvent = "webhook.delivered" | "webhook.failed" | "session.action-required" | "error";

/** Given to each endpoint's delivery by the dispatcher. */
export interface DeliveryContext {
  /** The present configuration of an endpoint; undefined when it does not exist. */
  endpoint(sessionId: string, endpoint: string): WebhookConfig | undefined;
  emit<Name extends WebhookOwnEvent>(name: Name, event: EngineEvents[Name]): void;
  /** Stores that an endpoint is disabled, because the receiver at the URL answered 410. */
  disable(sessionId: string, url: string, endpoint: string): Promise<void>;
  readonly logger: Logger;
  readonly limits: WebhookLimits;
  readonly transport: WebhookTransport;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The clock for waits, which setting the clock of the machine does not move; ms. */
  readonly steadyNow: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Which endpoint it is, and where its outbox is stored. */
export interface EndpointPlace {
  readonly sessionId: string;
  readonly endpoint: string;
  readonly space: KeySpace;
  /** Of the session: makes the writes of all its outboxes. */
  readonly writer: SessionWriter;
}
