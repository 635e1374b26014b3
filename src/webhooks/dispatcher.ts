/** The webhooks of all sessions. */
import { randomUUID } from "node:crypto";
import { ZpwootError } from "../errors.js";
import type { WebhookEventName } from "../webhook-events.js";
import type { CourierContext } from "./courier-context.js";
import { Courier } from "./courier.js";
import { webhookLimits } from "./options.js";
import type { WebhookOptions } from "./options.js";
import type { FailedRecord, OutboxSpace } from "./outbox-records.js";
import { HttpTransport } from "./transport.js";
import type { WebhookTransport } from "./transport.js";

/** What a {@link WebhookDispatcher} needs. */
export interface WebhookDispatcherDeps extends Pick<CourierContext, "session" | "emit" | "logger"> {
  /** Where the outbox of a session is stored. */
  space(sessionId: string): OutboxSpace;
  /**
   * Stores that a session's webhook is off (`enabled: false`), because the receiver at the URL answered 410. Without it
   * the webhook rests until the next start or {@link WebhookDispatcher.updated}.
   */
  disable?(sessionId: string, url: string): Promise<void>;
  readonly options?: WebhookOptions | undefined;
  /** How requests are made. Default: Node's HTTP client, guarded as the options say. */
  readonly transport?: WebhookTransport;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?(): number;
  /** From 0 to below 1. Default: `Math.random`. */
  random?(): number;
}

/** A delivery that was given up. */
export type FailedDelivery = FailedRecord;

/** Figures of all webhooks, for metrics. */
export interface WebhookStats {
  /** Sessions with a webhook at work. */
  readonly sessions: number;
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

/** How many outboxes are read at once when a manager starts. */
const RESUME_CONCURRENCY = 32;

/**
 * Sends each session's subscribed events to its webhook: at least once, in order, never before they are durable. Each
 * session has its own queue and its own connection, so a dead receiver slows nobody else.
 */
export class WebhookDispatcher {
  readonly #deps: WebhookDispatcherDeps;
  readonly #context: CourierContext;
  readonly #couriers = new Map<string, Courier>();
  readonly #forgetting = new Map<string, Promise<void>>();
  #stopped: Promise<void> | undefined;

  /** @throws ZpwootError `INVALID_OPTION`. */
  constructor(deps: WebhookDispatcherDeps) {
    const limits = webhookLimits(deps.options);
    this.#deps = deps;
    this.#context = {
      session: (sessionId) => deps.session(sessionId),
      emit: (name, event) => deps.emit(name, event),
      disable: async (sessionId, url) => deps.disable?.(sessionId, url),
      logger: deps.logger,
      limits,
      transport: deps.transport ?? new HttpTransport(limits),
      now: () => deps.now?.() ?? Date.now(),
      random: () => deps.random?.() ?? Math.random(),
      newId: () => `msg_${randomUUID().replaceAll("-", "")}`,
    };
  }

  /**
   * Queues an event for the session's webhook. Nothing happens when the session has none, when it is not enabled, or has
   * not subscribed to the event. `data` is read before the call returns. Settles when the event is durable, not when it
   * is delivered. Rejects, the event then being lost, with `STORE_UNAVAILABLE`, `STORE_CORRUPT` or `STOPPED`.
   */
  async publish(sessionId: string, event: WebhookEventName, data: unknown): Promise<void> {
    const record = this.#deps.session(sessionId);
    const webhook = record?.webhook;
    if (record === undefined || !webhook?.enabled || webhook.url === null) return;
    if (!webhook.events.includes(event) || this.#forgetting.has(sessionId)) return;
    if (this.#stopped !== undefined) throw new ZpwootError("STOPPED", "The webhooks were stopped.");
    await this.#courier(sessionId).publish(record, event, data);
  }

  /**
   * Begins to deliver what these sessions had queued before a restart. Settles when each outbox was looked at; one that
   * can't be read is tried again later. Never rejects. Sessions without a webhook are skipped.
   */
  async resume(sessionIds: readonly string[]): Promise<void> {
    const ids = sessionIds.filter((sessionId) => this.#deps.session(sessionId)?.webhook != null).values();
    const worker = async (): Promise<void> => {
      for (const sessionId of ids) if (this.#stopped === undefined) await this.#courier(sessionId).resume();
    };
    await Promise.all(Array.from({ length: RESUME_CONCURRENCY }, worker));
  }

  /** To be called after a session's webhook was changed: what is queued goes to the new target, at once. */
  updated(sessionId: string): void {
    if (this.#stopped === undefined && !this.#forgetting.has(sessionId)) this.#courier(sessionId).updated();
  }

  /**
   * Ends the session's deliveries and removes all that is stored for them. Idempotent; rejects with a store error and
   * may then be called again.
   */
  forget(sessionId: string): Promise<void> {
    const forgetting =
      this.#forgetting.get(sessionId) ??
      this.#courier(sessionId)
        .forget()
        .finally(() => {
          this.#couriers.delete(sessionId);
          this.#forgetting.delete(sessionId);
        });
    this.#forgetting.set(sessionId, forgetting);
    return forgetting;
  }

  /** The deliveries of a session that were given up, oldest first. Rejects with a store error. */
  async listFailed(sessionId: string): Promise<readonly FailedDelivery[]> {
    return this.#courier(sessionId).listFailed();
  }

  /**
   * Puts a failed delivery back at the end of the session's queue, with the same id and body. Settles when that is
   * durable: `queued`, `not-found` when there is no failed delivery of that id, `outbox-full` when there is no room.
   * Rejects with a store error or `STOPPED`.
   */
  async redeliver(sessionId: string, deliveryId: string): Promise<"queued" | "not-found" | "outbox-full"> {
    return this.#courier(sessionId).redeliver(deliveryId);
  }

  /** Figures of this moment. */
  stats(): WebhookStats {
    const couriers = [...this.#couriers.values()];
    const sum = (figure: (courier: Courier) => number): number =>
      couriers.reduce((total, courier) => total + figure(courier), 0);
    return {
      sessions: couriers.length,
      queued: sum(({ outbox }) => outbox.length),
      queuedBytes: sum(({ outbox }) => outbox.bytes),
      failed: sum(({ outbox }) => outbox.failedCount),
      sending: sum(({ phase }) => Number(phase === "sending")),
      retrying: sum(({ phase }) => Number(phase === "retrying")),
    };
  }

  /**
   * Takes nothing more, goes on delivering for at most `drainMs` (no retries are waited for), then ends every request
   * and connection. What is left stays queued. Settles when what was acknowledged is stored, or the store refused it.
   * Never rejects. Already stopped: the same promise.
   */
  stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(options.drainMs ?? 0);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<void> {
    const couriers = [...this.#couriers.values()];
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.all(couriers.map((courier) => courier.drain())), deadline]);
    clearTimeout(timer);
    await Promise.all([...this.#couriers.values()].map((courier) => courier.stop()));
    await Promise.allSettled(this.#forgetting.values());
    this.#context.transport.close();
  }

  #courier(sessionId: string): Courier {
    const known = this.#couriers.get(sessionId);
    if (known !== undefined) return known;
    const courier = new Courier(sessionId, this.#deps.space(sessionId), this.#context);
    this.#couriers.set(sessionId, courier);
    return courier;
  }
}
