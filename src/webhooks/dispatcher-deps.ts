/** What the webhooks of all sessions are made with, and given. */
import type { SessionRecord } from "../api/session-record.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import type { RenderedPayload } from "../events/payload.js";
import type { Along, KeySpace } from "../store/space/key-space.js";
import type { DeliveryContext } from "./delivery-context.js";
import type { WebhookOptions } from "./options.js";
import type { WebhookTransport } from "./transport.js";

/** What a `WebhookDispatcher` needs. */
export interface WebhookDispatcherDeps extends Pick<DeliveryContext, "emit" | "logger"> {
  /** The present record of a session. */
  session(sessionId: string): SessionRecord | undefined;
  /** Where the outbox of a session's endpoint is stored. */
  space(sessionId: string, endpoint: string): KeySpace;
  /**
   * Stores that an endpoint is disabled, because the receiver at the URL answered 410. Without it, nothing is sent to the
   * endpoint until the next start or `WebhookDispatcher.updated`.
   */
  disable?(sessionId: string, url: string, endpoint: string): Promise<void>;
  readonly options?: WebhookOptions | undefined;
  /** How requests are made. Default: Node's HTTP client, guarded as the options say. */
  readonly transport?: WebhookTransport;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?(): number;
  /** From 0 to below 1. Default: `Math.random`. */
  random?(): number;
}

/** An event of a session, rendered. */
export interface OutgoingEvent {
  readonly sessionId: string;
  readonly event: WebhookEventName;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  /** One body, or several when the event was split. */
  readonly bodies: readonly RenderedPayload[];
  /** What is stored in the same batch as the event. */
  readonly along?: Along | undefined;
}
