/**
 * Events and log lines about one endpoint's deliveries. They never contain a URL, a secret or a payload. Of an endpoint that
 * fails, the log gets one line when it starts to and one when it recovers, not one per retry.
 */
import type { EngineEvents, RequiredAction } from "../api/events.js";
import type { EndpointError } from "../api/session-info.js";
import { isoTime } from "../async/timer.js";
import { messageOf, ZpwootError } from "../errors.js";
import type { DeliveryContext, WebhookOwnEvent } from "./delivery-context.js";
import type { OutboxListener } from "./outbox/outbox-listener.js";
import type { QueuedRecord } from "./outbox/records.js";
import type { FailedOutcome } from "./response-outcome.js";

/** How often a delivery was tried, and why the last attempt failed. */
export interface DeliveryFailure {
  readonly attempts: number;
  readonly reason: string;
}

/** Reports for one endpoint. No method throws: an error of a listener is logged. */
export class DeliveryReports {
  readonly #sessionId: string;
  readonly #endpoint: string;
  readonly #context: DeliveryContext;
  /** When the failures in a row started, in milliseconds since 1970; undefined while deliveries succeed. */
  #failingSince: number | undefined;
  #lastError: EndpointError | undefined;
  #full = false;
  #storeFailing = false;

  constructor(sessionId: string, endpoint: string, context: DeliveryContext) {
    this.#sessionId = sessionId;
    this.#endpoint = endpoint;
    this.#context = context;
  }

  /** Why the last attempt failed; undefined while deliveries succeed, and before the first. */
  get lastError(): EndpointError | undefined {
    return this.#lastError;
  }

  /** Reports what an outbox tells of itself. `onAvailable` is called when there is something new to deliver. */
  listener(onAvailable: () => void): OutboxListener {
    return {
      available: onAvailable,
      unreadable: (n) => this.unreadable(n),
      rebuilt: () => this.rebuilt(),
      dropped: (count) => this.dropped(count),
      writeFailed: (error) => this.storeFailed(error, "A webhook outbox can't be written"),
    };
  }

  /** The receiver acknowledged a delivery. */
  delivered({ id, event, since }: QueuedRecord, attempts: number): void {
    const now = this.#context.now();
    if (this.#failingSince !== undefined) {
      const failedForMs = Math.max(0, now - this.#failingSince);
      this.#log("info", { deliveryId: id, attempts, failedForMs }, "The webhook is delivered to again");
    }
    this.#failingSince = undefined;
    this.#lastError = undefined;
    this.#storeFailing = false;
    const delivery = { sessionId: this.#sessionId, endpoint: this.#endpoint, deliveryId: id, event };
    this.#emit("webhook.delivered", { ...delivery, attempts, afterMs: Math.max(0, now - since) });
  }

  /** An attempt failed; the next one follows after `waitMs`, of the same delivery or the one after it. */
  attemptFailed({ id, event }: QueuedRecord, { status, reason }: FailedOutcome, waitMs: number): void {
    const now = this.#context.now();
    this.#lastError = { at: isoTime(now), reason };
    if (this.#failingSince !== undefined) return;
    this.#failingSince = now;
    const cause = status === undefined ? { error: reason } : { status };
    const nextTryAt = new Date(now + waitMs).toISOString();
    this.#log("warn", { deliveryId: id, event, ...cause, nextTryAt }, "A webhook delivery failed; retrying");
  }

  /** The endpoint was changed: its next failure is a first one. */
  changed(): void {
    this.#failingSince = undefined;
    this.#lastError = undefined;
  }

  /** A delivery became a failed delivery. */
  failed({ id, event }: QueuedRecord, { attempts, reason }: DeliveryFailure): void {
    const delivery = { sessionId: this.#sessionId, endpoint: this.#endpoint, deliveryId: id, event };
    if (attempts > 0) this.#lastError = { at: isoTime(this.#context.now()), reason };
    this.#log(
      "warn",
      { deliveryId: id, event, attempts, error: reason },
      "A webhook delivery failed for good",
    );
    this.#emit("webhook.failed", { ...delivery, attempts, reason });
  }

  /** The receiver answered 410. */
  gone(): void {
    this.#failingSince = undefined;
    this.#lastError = { at: isoTime(this.#context.now()), reason: "status 410" };
    this.#log("warn", { status: 410 }, "The webhook's receiver is gone: the endpoint is disabled");
    this.#require(
      "webhook-gone",
      "The webhook's receiver answered 410 Gone and its endpoint was disabled: set another URL, or enable it again.",
    );
  }

  /** Deliveries were added, and these were refused because the outbox is full. */
  added(refused: readonly QueuedRecord[]): void {
    for (const record of refused) this.failed(record, { attempts: 0, reason: "outbox full" });
    if (refused.length > 0 && !this.#full) {
      this.#log("warn", {}, "The webhook's outbox is full: new events become failed deliveries");
      this.#require(
        "webhook-outbox-full",
        "The webhook's outbox is full: bring the receiver back. Until then, new events become failed deliveries.",
      );
    }
    this.#full = refused.length > 0;
    this.#storeFailing = false;
  }

  /** A queued delivery can't be read any more. */
  unreadable(place: number): void {
    this.#log("error", { place }, "A queued webhook delivery can't be read and is skipped");
    const error = new ZpwootError("STORE_CORRUPT", "A queued webhook delivery can't be read and was skipped");
    this.#emit("error", { sessionId: this.#sessionId, error });
  }

  /** The record of where the outbox starts and ends was damaged. */
  rebuilt(): void {
    this.#log(
      "warn",
      {},
      "The state of a webhook outbox can't be read; it was made again from what is queued",
    );
  }

  /** Failed deliveries were dropped to make room for newer ones. */
  dropped(count: number): void {
    this.#log("warn", { count }, "The oldest failed webhook deliveries were dropped");
  }

  /** A read or write of the store failed. Logged once until something was stored or delivered again. */
  storeFailed(error: unknown, message: string): void {
    if (this.#storeFailing) return;
    this.#storeFailing = true;
    this.#log("warn", { error: messageOf(error) }, message);
  }

  #require(action: RequiredAction, message: string): void {
    this.#emit("session.action-required", { sessionId: this.#sessionId, action, message });
  }

  #emit<Name extends WebhookOwnEvent>(name: Name, event: EngineEvents[Name]): void {
    try {
      this.#context.emit(name, event);
    } catch (error) {
      this.#log("error", { error: messageOf(error) }, "A listener of a webhook event threw");
    }
  }

  #log(level: "info" | "warn" | "error", fields: object, message: string): void {
    this.#context.logger[level]({ sessionId: this.#sessionId, endpoint: this.#endpoint, ...fields }, message);
  }
}
