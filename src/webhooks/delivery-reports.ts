/** What is told of one session's deliveries, to listeners and to the log. Never a URL, a secret or a payload. */
import type { EngineEvents, RequiredAction } from "../api/events.js";
import { messageOf, ZpwootError } from "../errors.js";
import type { DeliveryContext, WebhookOwnEvent } from "./delivery-context.js";
import type { QueuedRecord } from "./outbox/records.js";

/** How a delivery came to its end, or to its next wait. */
export interface FailureReport {
  readonly attempts: number;
  readonly reason: string;
}

/** See the head of this file. No method throws: a listener that does is logged. */
export class DeliveryReports {
  readonly #sessionId: string;
  readonly #endpoint: string;
  readonly #context: DeliveryContext;

  constructor(sessionId: string, endpoint: string, context: DeliveryContext) {
    this.#sessionId = sessionId;
    this.#endpoint = endpoint;
    this.#context = context;
  }

  /** The receiver acknowledged. */
  delivered({ id, event, since }: QueuedRecord, attempts: number): void {
    const delivery = { sessionId: this.#sessionId, endpoint: this.#endpoint, deliveryId: id, event };
    const afterMs = Math.max(0, this.#context.now() - since);
    this.#emit("webhook.delivered", { ...delivery, attempts, afterMs });
  }

  /** It became a failed delivery. */
  failed({ id, event }: QueuedRecord, { attempts, reason }: FailureReport): void {
    this.#log("warn", { deliveryId: id, event, attempts, reason }, "a webhook delivery failed for good");
    const delivery = { sessionId: this.#sessionId, endpoint: this.#endpoint, deliveryId: id, event };
    this.#emit("webhook.failed", { ...delivery, attempts, reason });
  }

  /** It will be tried again. */
  retrying({ id, event }: QueuedRecord, { attempts, reason }: FailureReport, waitMs: number): void {
    const fields = { deliveryId: id, event, attempts, reason, waitMs };
    this.#log("debug", fields, "a webhook delivery failed; it will be tried again");
  }

  /** The receiver answered 410. */
  gone(): void {
    this.#require("webhook-gone", "The webhook's receiver answered 410 Gone: the webhook is switched off.");
  }

  /** The outbox has no room. */
  full(): void {
    this.#require(
      "webhook-outbox-full",
      "The webhook's outbox is full: new events are set aside as failed deliveries until the receiver takes some.",
    );
  }

  /** A queued delivery could not be read any more. */
  unreadable(place: number): void {
    this.#log("error", { place }, "a queued webhook delivery can't be read and is skipped");
    const error = new ZpwootError(
      "STORE_CORRUPT",
      "A queued webhook delivery can't be read and was skipped.",
    );
    this.#emit("error", { sessionId: this.#sessionId, error });
  }

  /** Failed deliveries had to make room for newer ones. */
  dropped(count: number): void {
    this.#log("warn", { count }, "the oldest failed webhook deliveries were dropped");
  }

  /** The store did not do its part. */
  trouble(error: unknown, message: string): void {
    this.#log("warn", { error: messageOf(error) }, message);
  }

  #require(action: RequiredAction, message: string): void {
    this.#log("warn", { action }, message);
    this.#emit("session.action-required", { sessionId: this.#sessionId, action, message });
  }

  #emit<Name extends WebhookOwnEvent>(name: Name, event: EngineEvents[Name]): void {
    try {
      this.#context.emit(name, event);
    } catch (error) {
      this.#log("error", { error: messageOf(error) }, "a listener of a webhook event threw");
    }
  }

  #log(level: "debug" | "warn" | "error", fields: object, message: string): void {
    this.#context.logger[level]({ sessionId: this.#sessionId, endpoint: this.#endpoint, ...fields }, message);
  }
}
