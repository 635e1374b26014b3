/** Delivers the outbox of one endpoint of a session: one loop, one request at a time, in order. */
import type { WebhookConfig } from "../api/session-record.js";
import { WakeSignal } from "../async/wake-signal.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import type { DeliveryContext } from "./delivery-context.js";
import { giveUpOverdue } from "./give-up.js";
import type { QueuedDelivery } from "./outbox/batch.js";
import type { QueuedRecord } from "./outbox/records.js";
import type { KeySpace } from "../store/space/key-space.js";
import type { FailedRecord } from "../api/event-stream.js";
import { sizeOf } from "./outbox/records.js";
import { Outbox } from "./outbox/outbox.js";
import { DeliveryReports } from "./delivery-reports.js";
import { signatureHeaders } from "./signature.js";
import { judgeAnswer, judgeError } from "./response-outcome.js";
import type { ResponseOutcome } from "./response-outcome.js";

/** A webhook that can be delivered to now. */
type Target = WebhookConfig & { readonly url: string };

type FailedVerdict = Extract<ResponseOutcome, { readonly kind: "failed" }>;

/** How many acknowledgements may wait for the store; at most about as many are repeated after a crash. */
const MAX_UNSTORED = 64;
/** The store failed, not the receiver: once it is back, deliveries go on soon. */
const STORE_RETRY_CAP_MS = 10_000;

/** See the head of this file. The loop begins with the first event or with `resume`, and ends with `stop` or `forget`. */
export class EndpointDelivery {
  readonly #sessionId: string;
  readonly #endpoint: string;
  readonly #context: DeliveryContext;
  readonly #outbox: Outbox;
  readonly #circuit: CircuitBreaker;
  readonly #reports: DeliveryReports;
  readonly #signal = new WakeSignal();
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #draining = false;
  #goneUrl: string | undefined;
  #full = false;
  /** The attempt under way. */
  #sending: { readonly url: string; readonly cancel: AbortController } | undefined;

  constructor(sessionId: string, endpoint: string, space: KeySpace, context: DeliveryContext) {
    this.#sessionId = sessionId;
    this.#endpoint = endpoint;
    this.#context = context;
    this.#reports = new DeliveryReports(sessionId, endpoint, context);
    this.#circuit = new CircuitBreaker(context.limits, context.now, context.random);
    this.#outbox = new Outbox(space, context.limits, {
      available: () => this.#signal.wake(),
      unreadable: (n) => this.#reports.unreadable(n),
      dropped: (count) => this.#reports.dropped(count),
      writeFailed: (error) => this.#reports.trouble(error, "a webhook outbox can't be written"),
    });
  }

  /** The outbox, for figures. */
  get outbox(): Pick<Outbox, "length" | "bytes" | "failedCount"> {
    return this.#outbox;
  }

  /** `sending` while a request is under way, `retrying` between two attempts, else `idle`. */
  get phase(): "idle" | "sending" | "retrying" {
    if (this.#sending !== undefined) return "sending";
    return this.#circuit.waitMs > 0 ? "retrying" : "idle";
  }

  /** Begins to deliver what was queued before. Settles when the outbox was read, or could not be: that is retried. */
  async resume(): Promise<void> {
    try {
      await this.#outbox.load();
      this.#circuit.resume(this.#outbox.attempts);
    } catch (error) {
      this.#reports.trouble(error, "a webhook outbox can't be read; trying again");
    }
    this.#begin();
  }

  /** Queues an event (in parts, if it was split); settles when it is durable, rejects when it can't be. */
  async publish(records: readonly QueuedRecord[], at: number): Promise<void> {
    this.#begin();
    const full = await this.#outbox.append(records, at);
    for (const refused of full) this.#reports.failed(refused, { attempts: 0, reason: "outbox full" });
    if (full.length > 0 && !this.#full) this.#reports.full();
    this.#full = full.length > 0;
  }

  /** The session's webhook was changed: forgets past failures and tries at once. */
  updated(): void {
    this.#goneUrl = undefined;
    this.#circuit.reset();
    if (this.#sending?.url !== this.#target()?.url) this.#sending?.cancel.abort();
    this.#begin();
  }

  /** See `WebhookDispatcher.listFailed`. */
  listFailed(): Promise<readonly FailedRecord[]> {
    return this.#outbox.listFailed();
  }

  /** See `WebhookDispatcher.redeliver`. */
  async redeliver(deliveryId: string): Promise<"queued" | "not-found" | "outbox-full"> {
    this.#begin();
    return this.#outbox.requeue(deliveryId, this.#context.now());
  }

  /** Goes on delivering, without waiting for retries, until the queue is empty; settles then. Never rejects. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#signal.wake();
    await this.#running;
  }

  /** Ends the request under way; settles when all that is known is stored or refused. Never rejects. */
  async stop(): Promise<void> {
    this.#draining = true;
    this.#ending.abort();
    this.#sending?.cancel.abort();
    this.#signal.wake();
    // Twice: the first lets go a loop that waits for the store, the second stores what that loop did last.
    await this.#outbox.close();
    await this.#running;
    await this.#outbox.close();
  }

  /** Stops, and removes all that is stored for the session. Rejects with a store error. */
  async forget(): Promise<void> {
    await this.stop();
    await this.#outbox.wipe();
  }

  #begin(): void {
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

  /** Does one thing; gives how long there is nothing to do, in milliseconds. Never rejects. */
  async #step(): Promise<number> {
    const { waitMs } = this.#circuit;
    if (waitMs > 0) return waitMs;
    const target = this.#target();
    if (target === undefined) return Infinity;
    try {
      const delivery = await this.#outbox.next();
      if (delivery === undefined) return Infinity;
      await this.#outbox.flushed(MAX_UNSTORED);
      return this.#ending.signal.aborted ? Infinity : await this.#deliver(target, delivery);
    } catch (error) {
      this.#reports.trouble(error, "a webhook outbox can't be read; trying again");
      return this.#backOff(STORE_RETRY_CAP_MS);
    }
  }

  #target(): Target | undefined {
    const webhook = this.#context.endpoint(this.#sessionId, this.#endpoint);
    if (!webhook?.enabled || webhook.url === null || webhook.url === this.#goneUrl) return undefined;
    return { ...webhook, url: webhook.url };
  }

  async #deliver(target: Target, delivery: QueuedDelivery): Promise<number> {
    const { n, record } = delivery;
    const cancel = new AbortController();
    this.#sending = { url: target.url, cancel };
    const verdict = await this.#attempt(target, record, cancel.signal);
    this.#sending = undefined;
    if (verdict.kind === "delivered") {
      const attempts = this.#outbox.attempts + 1;
      this.#outbox.settle({ kind: "delivered", n, bytes: sizeOf(record) });
      this.#circuit.reset();
      this.#reports.delivered(record, attempts);
      return 0;
    }
    // An attempt that we cut short, to stop or for another target, says nothing of the receiver to call next.
    if (cancel.signal.aborted) return 0;
    this.#outbox.noteAttempt();
    return verdict.kind === "gone" ? this.#switchOff(target.url) : this.#postpone(record, verdict);
  }

  async #attempt(target: Target, record: QueuedRecord, signal: AbortSignal): Promise<ResponseOutcome> {
    const { limits, transport, now } = this.#context;
    try {
      const headers = {
        ...target.headers,
        "content-type": "application/json",
        "user-agent": "zpwoot",
        ...signatureHeaders(secretsOf(target, now()), record, new Date(now())),
      };
      const post = { url: target.url, headers, body: record.body, timeoutMs: limits.timeoutMs, signal };
      return judgeAnswer(await transport.post(post), now());
    } catch (error) {
      return judgeError(error);
    }
  }

  async #postpone(record: QueuedRecord, { reason, waitMs: askedMs }: FailedVerdict): Promise<number> {
    const { limits, now } = this.#context;
    const restMs = record.since + limits.maxAgeMs - now();
    if (restMs <= 0) {
      // Everything else that is overdue goes with it: the endpoint has just shown that it takes none.
      const { signal } = this.#ending;
      const overdueAt = now() - limits.maxAgeMs;
      await giveUpOverdue(this.#outbox, this.#reports, { overdueAt, reason, now, signal });
      return this.#backOff(Infinity, askedMs);
    }
    const { attempts } = this.#outbox;
    const waitMs = this.#backOff(restMs, askedMs);
    this.#reports.retrying(record, { attempts, reason }, waitMs);
    return waitMs;
  }

  #backOff(atMostMs: number, askedMs?: number): number {
    return this.#circuit.fail({ askedMs, atMostMs, ceilingMs: this.#context.limits.maxAgeMs });
  }

  async #switchOff(url: string): Promise<number> {
    this.#goneUrl = url;
    this.#reports.gone();
    try {
      await this.#context.disable(this.#sessionId, url, this.#endpoint);
    } catch (error) {
      this.#reports.trouble(
        error,
        "a webhook that is gone could not be switched off in the session's record",
      );
    }
    return 0;
  }
}

/** The secret, and the one before it as long as receivers may know no other. */
function secretsOf({ secret, previous }: Target, now: number): readonly string[] {
  return previous !== undefined && Date.parse(previous.until) > now ? [secret, previous.secret] : [secret];
}
