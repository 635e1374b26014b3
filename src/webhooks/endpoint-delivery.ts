/** Delivers the outbox of one endpoint of a session: one loop, one request at a time, in order. */
import type { EndpointActivity, EndpointError } from "../api/session-info.js";
import { WakeSignal } from "../async/wake-signal.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import type { DeliveryContext, EndpointPlace } from "./delivery-context.js";
import { DeliveryReports } from "./delivery-reports.js";
import { deliveredTo, EndpointRequests } from "./endpoint-requests.js";
import { targetOf, type DeliveryTarget } from "./endpoints.js";
import { FailedHead } from "./failed-head.js";
import type { QueuedDelivery } from "./outbox/batch.js";
import type { RequeueResult } from "./outbox/failed-deliveries.js";
import { Outbox } from "./outbox/outbox.js";
import type { QueuedRecord } from "./outbox/records.js";
import { Refusals } from "./refusals.js";
import type { FailedOutcome } from "./response-outcome.js";

/** How many acknowledgements may wait for the store: about as many deliveries are repeated after a crash. */
const MAX_UNSTORED = 64;
/** The store failed, not the receiver: deliveries continue soon after it is back. */
const MAX_STORE_RETRY_MS = 10_000;

/** Starts with the first event or with {@link resume}; ends with {@link stop} or {@link remove}. */
export class EndpointDelivery {
  readonly #sessionId: string;
  readonly #endpoint: string;
  readonly #context: DeliveryContext;
  readonly #outbox: Outbox;
  readonly #breaker: CircuitBreaker;
  readonly #reports: DeliveryReports;
  readonly #refusals = new Refusals();
  readonly #failedHead: FailedHead;
  readonly #requests: EndpointRequests;
  readonly #signal = new WakeSignal();
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #draining = false;
  /** The URL that answered 410. */
  #goneUrl: string | undefined;

  constructor({ sessionId, endpoint, space, writer }: EndpointPlace, context: DeliveryContext) {
    this.#sessionId = sessionId;
    this.#endpoint = endpoint;
    this.#context = context;
    const reports = (this.#reports = new DeliveryReports(sessionId, endpoint, context));
    this.#breaker = new CircuitBreaker(context.limits, context.steadyNow, context.random);
    const listener = reports.listener(() => this.#signal.wake());
    this.#outbox = new Outbox(space, context.limits, listener, writer);
    this.#requests = new EndpointRequests(context);
    this.#failedHead = new FailedHead(this.#outbox, reports, context.now);
  }

  /** The outbox, to look into. */
  get outbox(): Pick<Outbox, "length" | "bytes" | "failedCount" | "listFailed" | "bodyOf"> {
    return this.#outbox;
  }

  /** Why the last attempt failed; undefined while deliveries succeed, and before the first. */
  get lastError(): EndpointError | undefined {
    return this.#reports.lastError;
  }

  /** `sending` while a request is under way, `retrying` between two attempts, else `idle`. */
  get phase(): EndpointActivity["state"] {
    if (this.#requests.url !== undefined) return "sending";
    return this.#breaker.waitMs > 0 ? "retrying" : "idle";
  }

  /** Starts to deliver what was queued before. Settles when the outbox was read, or could not be: that is retried. */
  async resume(): Promise<void> {
    try {
      await this.#outbox.load();
      this.#breaker.resume(this.#outbox.attempts);
    } catch (error) {
      this.#reports.storeFailed(error, "A webhook outbox can't be read; trying again");
    }
    this.#start();
  }

  /** Starts to deliver, and the draft of the outbox's next batch. Settles with false if the endpoint was removed; rejects with a store error or `STOPPED`. */
  async begin(): Promise<boolean> {
    this.#start();
    if (!this.#outbox.isRemoved) await this.#outbox.begin();
    return !this.#outbox.isRemoved;
  }

  /** Queues an event (in parts, if it was split) in the draft that was begun. The returned function reports it, once it is durable. */
  append(records: readonly QueuedRecord[], at: number): () => void {
    const refused = this.#outbox.append(records, at);
    return () => this.#reports.added(refused);
  }

  /** The endpoint was changed: forgets past failures and tries at once. */
  updated(): void {
    this.#goneUrl = undefined;
    this.#breaker.reset();
    this.#reports.changed();
    if (this.#requests.url !== this.#target()?.url) this.#requests.cancel();
    this.#start();
  }

  /** Queues a failed delivery again. Settles when that is durable; rejects with a store error or `STOPPED`. */
  async redeliver(deliveryId: string): Promise<RequeueResult> {
    this.#start();
    return this.#outbox.requeue(deliveryId, this.#context.now());
  }

  /** Goes on delivering, without waiting for retries. Settles when the queue is empty or the next step is a wait. Never rejects. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#signal.wake();
    await this.#running;
  }

  /** Ends the request under way. Settles when all outcomes are stored, or the store refused them. Never rejects. */
  async stop(): Promise<void> {
    this.#draining = true;
    this.#ending.abort();
    this.#requests.cancel();
    this.#signal.wake();
    // Twice: the first releases a loop that waits for the store, the second stores what that loop did last.
    await this.#outbox.close();
    await this.#running;
    await this.#outbox.close();
  }

  /** Stops, and removes all that is stored. Rejects with a store error and may then be called again. */
  async remove(): Promise<void> {
    await this.stop();
    await this.#outbox.remove();
  }

  #start(): void {
    if (this.#draining) return;
    this.#signal.wake();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const waitMs = await this.#step();
      if (waitMs > 0 && this.#draining) return;
      if (waitMs > 0) await this.#signal.wait(waitMs);
    }
  }

  /** Does one thing. Returns how long there is nothing to do, in milliseconds. Never rejects. */
  async #step(): Promise<number> {
    const { waitMs } = this.#breaker;
    if (waitMs > 0) return waitMs;
    const target = this.#target();
    if (target === undefined) return Infinity;
    try {
      const delivery = await this.#outbox.next();
      if (delivery === undefined) return Infinity;
      await this.#outbox.flushed(MAX_UNSTORED);
      return this.#ending.signal.aborted ? Infinity : await this.#deliver(target, delivery);
    } catch (error) {
      this.#reports.storeFailed(error, "A webhook outbox can't be read; trying again");
      return this.#backOff(MAX_STORE_RETRY_MS);
    }
  }

  #target(): DeliveryTarget | undefined {
    const target = targetOf(this.#context.endpoint(this.#sessionId, this.#endpoint));
    return target?.url === this.#goneUrl ? undefined : target;
  }

  async #deliver(target: DeliveryTarget, delivery: QueuedDelivery): Promise<number> {
    const outcome = await this.#requests.send(target, delivery.record);
    // An attempt that we ended, to stop or for another target, says nothing about the receiver to call next.
    if (outcome === undefined) return 0;
    if (outcome.kind === "delivered") {
      this.#delivered(target, delivery, this.#outbox.attempts + 1);
      return 0;
    }
    this.#outbox.countAttempt();
    if (outcome.kind === "gone") return this.#disable(target.url);
    if (outcome.kind === "forbidden") return this.#refuseTarget(delivery, outcome.reason);
    if (
      this.#refusals.count(delivery.record.id, outcome) &&
      (await this.#park(target, delivery, outcome.reason))
    )
      return 0;
    return this.#postpone(delivery.record, outcome);
  }

  #delivered(target: DeliveryTarget, delivery: QueuedDelivery, attempts: number): void {
    const { record } = delivery;
    this.#outbox.settle(deliveredTo(target, delivery));
    this.#breaker.reset();
    this.#reports.delivered(record, attempts);
  }

  /**
   * Makes an event a failed delivery that its receiver refuses again and again, if the receiver takes the one after it: a single event must
   * not hold up all others. Returns whether it did.
   */
  async #park(target: DeliveryTarget, head: QueuedDelivery, reason: string): Promise<boolean> {
    const following = await this.#outbox.following();
    if (following === undefined) return false;
    const taken = await this.#requests.send(target, following.record);
    if (taken?.kind !== "delivered") return false;
    await this.#failedHead.fail(head, reason, deliveredTo(target, following));
    this.#breaker.reset();
    this.#reports.delivered(following.record, 1);
    return true;
  }

  /** Another try would be refused too: the event fails at once, so that somebody learns of it; those behind it wait. */
  async #refuseTarget(head: QueuedDelivery, reason: string): Promise<number> {
    await this.#failedHead.fail(head, reason);
    const { retryCapMs } = this.#context.limits;
    // Names can resolve differently later.
    return this.#backOff(retryCapMs, retryCapMs);
  }

  async #postpone(record: QueuedRecord, outcome: FailedOutcome): Promise<number> {
    const { limits, now } = this.#context;
    const leftMs = record.since + limits.maxAgeMs - now();
    const waitMs = this.#backOff(leftMs > 0 ? leftMs : Infinity, outcome.retryAfterMs);
    this.#reports.attemptFailed(record, outcome, waitMs);
    if (leftMs <= 0)
      await this.#failedHead.failAll(now() - limits.maxAgeMs, outcome.reason, this.#ending.signal);
    return this.#breaker.waitMs;
  }

  #backOff(maxOwnMs: number, requestedMs?: number): number {
    return this.#breaker.fail({ requestedMs, maxOwnMs, maxMs: this.#context.limits.maxAgeMs });
  }

  async #disable(url: string): Promise<number> {
    this.#goneUrl = url;
    this.#reports.gone();
    try {
      await this.#context.disable(this.#sessionId, url, this.#endpoint);
    } catch (error) {
      this.#reports.storeFailed(
        error,
        "A webhook that is gone could not be disabled in the session's record",
      );
    }
    return 0;
  }
}
