/** The webhooks of all sessions. */
import { ZpwootError } from "../errors.js";
import type { SessionRecord } from "../api/session-record.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import type { DeliveryContext } from "./delivery-context.js";
import { EndpointDelivery } from "./endpoint-delivery.js";
import { DEFAULT_ENDPOINT, endpointOf, endpointsOf } from "./endpoints.js";
import { eventIds } from "../events/event-id.js";
import { webhookLimits } from "./options.js";
import type { WebhookOptions } from "./options.js";
import type { FailedDelivery, PublishedEvent, WebhookStats } from "../api/event-stream.js";
import type { KeySpace } from "../store/space/key-space.js";
import { renderPayloads } from "../events/payload.js";
import { HttpTransport } from "./transport.js";
import type { WebhookTransport } from "./transport.js";

/** What a {@link WebhookDispatcher} needs. */
export interface WebhookDispatcherDeps extends Pick<DeliveryContext, "emit" | "logger"> {
  /** The present record of a session. */
  session(sessionId: string): SessionRecord | undefined;
  /** Where the outbox of a session's endpoint is stored. */
  space(sessionId: string, endpoint: string): KeySpace;
  /**
   * Stores that an endpoint is off (`enabled: false`), because the receiver at the URL answered 410. Without it the
   * endpoint rests until the next start or {@link WebhookDispatcher.updated}.
   */
  disable?(sessionId: string, url: string, endpoint: string): Promise<void>;
  /** Hears of every event as it was rendered, in the turn in which it happened. */
  readonly published?: ((event: PublishedEvent) => void) | undefined;
  /** Gives ids that sort as they were given. Default: a source of its own. */
  readonly newId?: (() => string) | undefined;
  readonly options?: WebhookOptions | undefined;
  /** How requests are made. Default: Node's HTTP client, guarded as the options say. */
  readonly transport?: WebhookTransport;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?(): number;
  /** From 0 to below 1. Default: `Math.random`. */
  random?(): number;
}

/** What came of a redelivery. */
export type Redelivery = "queued" | "not-found" | "outbox-full";

/** How many outboxes are read at once when a manager starts. */
const RESUME_CONCURRENCY = 32;

/**
 * Sends each session's subscribed events to its endpoints: at least once, in order, never before they are durable. Each
 * endpoint has its own queue and its own connection, so a dead receiver slows nobody else.
 */
export class WebhookDispatcher {
  readonly #deps: WebhookDispatcherDeps;
  readonly #context: DeliveryContext;
  readonly #newId: () => string;
  /** By session, then by endpoint. */
  readonly #couriers = new Map<string, Map<string, EndpointDelivery>>();
  readonly #forgetting = new Map<string, Promise<void>>();
  #stopped: Promise<void> | undefined;

  /** @throws ZpwootError `INVALID_OPTION`. */
  constructor(deps: WebhookDispatcherDeps) {
    const limits = webhookLimits(deps.options);
    const now = (): number => deps.now?.() ?? Date.now();
    this.#deps = deps;
    this.#newId = deps.newId ?? eventIds(now);
    this.#context = {
      endpoint: (sessionId, endpoint) => endpointOf(deps.session(sessionId), endpoint),
      emit: (name, event) => deps.emit(name, event),
      disable: async (sessionId, url, endpoint) => deps.disable?.(sessionId, url, endpoint),
      logger: deps.logger,
      limits,
      transport: deps.transport ?? new HttpTransport(limits),
      now,
      random: () => deps.random?.() ?? Math.random(),
    };
  }

  /**
   * Queues an event for the session's endpoints: those that are enabled and have subscribed to it. `data` is read before the
   * call returns. Settles when the event is durable for all of them, not when it is delivered. Rejects, the event then being
   * lost, with `STORE_UNAVAILABLE`, `STORE_CORRUPT` or `STOPPED`.
   */
  async publish(sessionId: string, event: WebhookEventName, data: unknown): Promise<void> {
    const record = this.#deps.session(sessionId);
    if (record === undefined || this.#forgetting.has(sessionId)) return;
    const targets = endpointsOf(record).filter(
      ([, { enabled, url, events }]) => enabled && url !== null && events.includes(event),
    );
    if (targets.length === 0 && this.#deps.published === undefined) return;
    const at = this.#context.now();
    const facts = { event, sessionId, sessionName: record.name, at, data };
    const bodies = renderPayloads(facts, this.#context.limits, this.#newId);
    for (const { id, body } of bodies) this.#deps.published?.({ id, event, sessionId, body });
    if (targets.length === 0) return;
    if (this.#stopped !== undefined) throw new ZpwootError("STOPPED", "The webhooks were stopped.");
    const records = bodies.map(({ id, body }) => ({ id, event, at, since: at, body }));
    await Promise.all(targets.map(([endpoint]) => this.#courier(sessionId, endpoint).publish(records, at)));
  }

  /**
   * Begins to deliver what these sessions had queued before a restart. Settles when each outbox was looked at; one that
   * can't be read is tried again later. Never rejects. Sessions without a webhook are skipped.
   */
  async resume(sessionIds: readonly string[]): Promise<void> {
    const all = sessionIds.flatMap((sessionId) =>
      this.#endpointNames(sessionId).map((endpoint) => [sessionId, endpoint] as const),
    );
    const rest = all.values();
    const worker = async (): Promise<void> => {
      for (const [sessionId, endpoint] of rest) {
        if (this.#stopped === undefined) await this.#courier(sessionId, endpoint).resume();
      }
    };
    await Promise.all(Array.from({ length: RESUME_CONCURRENCY }, worker));
  }

  /** To be called after a session's endpoints were changed: what is queued goes to the new targets, at once. */
  updated(sessionId: string): void {
    if (this.#stopped !== undefined || this.#forgetting.has(sessionId)) return;
    for (const endpoint of this.#endpointNames(sessionId)) this.#courier(sessionId, endpoint).updated();
  }

  /** Ends the deliveries of an endpoint and removes what is stored for them. Rejects with a store error; repeatable. */
  async drop(sessionId: string, endpoint: string): Promise<void> {
    await this.#courier(sessionId, endpoint).forget();
    this.#couriers.get(sessionId)?.delete(endpoint);
  }

  /**
   * Ends the session's deliveries and removes all that is stored for them. Idempotent; rejects with a store error and
   * may then be called again.
   */
  forget(sessionId: string): Promise<void> {
    const forgetting =
      this.#forgetting.get(sessionId) ??
      this.#forget(sessionId).finally(() => {
        this.#couriers.delete(sessionId);
        this.#forgetting.delete(sessionId);
      });
    this.#forgetting.set(sessionId, forgetting);
    return forgetting;
  }

  /** The deliveries of a session that were given up, oldest first. Rejects with a store error. */
  async listFailed(sessionId: string): Promise<readonly FailedDelivery[]> {
    const lists = this.#endpointNames(sessionId).map(async (endpoint) => {
      const failed = await this.#courier(sessionId, endpoint).listFailed();
      return failed.map((delivery) => ({ endpoint, ...delivery }));
    });
    return (await Promise.all(lists)).flat().sort((a, b) => a.failedAt - b.failedAt);
  }

  /**
   * Puts a failed delivery back at the end of its queue, with the same id and body. Settles when that is durable: `queued`,
   * `not-found` when there is no failed delivery of that id, `outbox-full` when the queue has no room. An id that failed at
   * several endpoints goes to each of them. Rejects with a store error or `STOPPED`.
   */
  async redeliver(sessionId: string, deliveryId: string): Promise<Redelivery> {
    const results: Redelivery[] = [];
    for (const endpoint of this.#endpointNames(sessionId)) {
      results.push(await this.#courier(sessionId, endpoint).redeliver(deliveryId));
    }
    if (results.includes("outbox-full")) return "outbox-full";
    return results.includes("queued") ? "queued" : "not-found";
  }

  /** Figures of this moment. */
  stats(): WebhookStats {
    const couriers = this.#all();
    const sum = (figure: (courier: EndpointDelivery) => number): number =>
      couriers.reduce((total, courier) => total + figure(courier), 0);
    return {
      endpoints: couriers.length,
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
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.all(this.#all().map((courier) => courier.drain())), deadline]);
    clearTimeout(timer);
    await Promise.all(this.#all().map((courier) => courier.stop()));
    await Promise.allSettled(this.#forgetting.values());
    this.#context.transport.close();
  }

  async #forget(sessionId: string): Promise<void> {
    const names = new Set([
      DEFAULT_ENDPOINT,
      ...this.#endpointNames(sessionId),
      ...(this.#couriers.get(sessionId)?.keys() ?? []),
    ]);
    await Promise.all([...names].map((endpoint) => this.#courier(sessionId, endpoint).forget()));
  }

  #endpointNames(sessionId: string): readonly string[] {
    const record = this.#deps.session(sessionId);
    return record === undefined ? [] : endpointsOf(record).map(([endpoint]) => endpoint);
  }

  #all(): readonly EndpointDelivery[] {
    return [...this.#couriers.values()].flatMap((couriers) => [...couriers.values()]);
  }

  #courier(sessionId: string, endpoint: string): EndpointDelivery {
    const ofSession = this.#couriers.get(sessionId) ?? new Map<string, EndpointDelivery>();
    this.#couriers.set(sessionId, ofSession);
    const known = ofSession.get(endpoint);
    if (known !== undefined) return known;
    const space = this.#deps.space(sessionId, endpoint);
    const courier = new EndpointDelivery(sessionId, endpoint, space, this.#context);
    ofSession.set(endpoint, courier);
    return courier;
  }
}
