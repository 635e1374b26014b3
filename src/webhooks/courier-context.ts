/** What the couriers of all sessions share. */
import type { EngineEvents } from "../events.js";
import type { Logger } from "../ports.js";
import type { SessionRecord } from "../session-types.js";
import type { WebhookLimits } from "./options.js";
import type { WebhookTransport } from "./transport.js";

/** The events that webhooks cause themselves. */
export type WebhookOwnEvent = "webhook.delivered" | "webhook.failed" | "session.action-required" | "error";

/** See the head of this file. */
export interface CourierContext {
  /** The present record of a session. */
  session(sessionId: string): SessionRecord | undefined;
  emit<Name extends WebhookOwnEvent>(name: Name, event: EngineEvents[Name]): void;
  /** Makes durable that a session's webhook is off, because the receiver at the URL answered 410. */
  disable(sessionId: string, url: string): Promise<void>;
  readonly logger: Logger;
  readonly limits: WebhookLimits;
  readonly transport: WebhookTransport;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** A delivery id that was never given before. */
  readonly newId: () => string;
}
