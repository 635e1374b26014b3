/** The webhooks of all sessions. */
import type { FailedDelivery, WebhookStats } from "../api/event-stream.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import { waitFor } from "../async/deadline.js";
import { steadyNow } from "../async/timer.js";
import { ZpwootError } from "../errors.js";
import type { Along, KeySpace } from "../store/space/key-space.js";
import type { DeliveryContext } from "./delivery-context.js";
import type { OutgoingEvent, WebhookDispatcherDeps } from "./dispatcher-deps.js";
import type { EndpointDelivery } from "./endpoint-delivery.js";
import { DEFAULT_ENDPOINT, endpointOf, endpointsOf, targetOf } from "./endpoints.js";
import { webhookLimits } from "./options.js";
import type { RequeueResult } from "./outbox/failed-deliveries.js";
import { SessionDeliveries } from "./session-deliveries.js";
import { HttpTransport } from "./transport.js";
import { statesOf, statsOf, type EndpointState } from "./webhook-stats.js";

/** How many outboxes are read at once when a manager starts. */
const RESUME_CONCURRENCY = 32;

/**
 * Sends each session's subscribed events to its endpoints: at least once, in order, never before they are durable. Each
 * endpoint has its own queue and its own connection, so that a dead receiver slows down no other.
 */
export class WebhookDispatcher {
  readonly #deps: WebhookDispatcherDeps;
  readonly #context: DeliveryContext;
  readonly #sessions = new Map<string, SessionDeliveries>();
  readonly #forgetting = new Map<string, Promise<void>>();
  #stopped: Promise<void> | undefined;

  /** @throws ZpwootError `INVALID_OPTION`. */
  constructor(deps: WebhookDispatcherDeps) {
    const limits = webhookLimits(deps.options);
    this.#deps = deps;
    this.#context = {
      endpoint: (sessionId, endpoint) => endpointOf(deps.session(sessionId), endpoint),
      emit: (name, event) => deps.emit(name, event),
      disable: async (sessionId, url, endpoint) => deps.disable?.(sessionId, url, endpoint),
      logger: deps.logger,
      limits,
      transport: deps.transport ?? new HttpTransport(limits),
      now: () => deps.now?.() ?? Date.now(),
      steadyNow: () => deps.now?.() ?? steadyNow(),
      random: () => deps.random?.() ?? Math.random(),
    };
  }

  /** Whether an enabled endpoint of the session has subscribed to the event. */
  wants(sessionId: string, event: WebhookEventName): boolean {
    return this.#subscribers(sessionId, event).length > 0;
  }

  /**
   * Queues an event for the session's endpoints: those that are enabled and have subscribed to it. It is stored for all of them in one
   * batch, or for none. Settles when that is durable, not when it is delivered. Rejects with `STORE_UNAVAILABLE`, `STORE_CORRUPT`,
   * `ABORTED` (the session is being deleted) or `STOPPED`: the event is lost then.
   */
  async enqueue({ sessionId, event, at, bodies, along }: OutgoingEvent): Promise<void> {
    const endpoints = this.#subscribers(sessionId, event);
    if (endpoints.length === 0) return;
    if (this.#stopped !== undefined) throw new ZpwootError("STOPPED", "The webhooks were stopped");
    const records = bodies.map(({ id, body }) => ({ id, event, at, since: at, body }));
    await this.#session(sessionId).queue(records, { endpoints, at, along });
  }

  /** Stores something in the order of a session's events, for no endpoint. Settles when it is durable; rejects with a store error. */
  store(sessionId: string, along: Along): Promise<void> {
    return this.#session(sessionId).store(along);
  }

  /**
   * Starts to deliver what these sessions had queued before a restart. Settles when each outbox was read; one that can't be
   * read is tried again later. Never rejects. Sessions without a webhook are skipped.
   */
  async resume(sessionIds: readonly string[]): Promise<void> {
    const endpoints = sessionIds
      .flatMap((sessionId) => this.#endpointNames(sessionId).map((endpoint) => ({ sessionId, endpoint })))
      .values();
    const worker = async (): Promise<void> => {
      for (const { sessionId, endpoint } of endpoints) {
        if (this.#stopped === undefined) await this.#delivery(sessionId, endpoint).resume();
      }
    };
    await Promise.all(Array.from({ length: RESUME_CONCURRENCY }, worker));
  }

  /** Call it after a session's endpoints were changed: what is queued goes to the new targets, at once. */
  updated(sessionId: string): void {
    if (this.#stopped !== undefined || this.#forgetting.has(sessionId)) return;
    for (const endpoint of this.#endpointNames(sessionId)) this.#delivery(sessionId, endpoint).updated();
  }

  /** Ends the deliveries of an endpoint and removes what is stored for them. Rejects with a store error; can be repeated. */
  async removeEndpoint(sessionId: string, endpoint: string): Promise<void> {
    await this.#delivery(sessionId, endpoint).remove();
    this.#sessions.get(sessionId)?.delete(endpoint);
  }

  /**
   * Ends the session's deliveries and removes all that is stored for them. Idempotent; rejects with a store error and
   * may then be called again.
   */
  forget(sessionId: string): Promise<void> {
    const forgetting =
      this.#forgetting.get(sessionId) ??
      this.#forget(sessionId).finally(() => {
        this.#sessions.delete(sessionId);
        this.#forgetting.delete(sessionId);
      });
    this.#forgetting.set(sessionId, forgetting);
    return forgetting;
  }

  /**
   * Ends the session's deliveries and forgets them; what is queued stays stored, for the node that runs the session next. Goes on delivering
   * for at most `drainMs`, without waiting for retries. Settles when all outcomes are stored, or the store refused them. Never rejects.
   */
  async release(sessionId: string, { drainMs }: { readonly drainMs: number }): Promise<void> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    const deliveries = [...session.all.values()];
    if (drainMs > 0)
      await waitFor(Promise.all(deliveries.map((delivery) => delivery.drain())), { timeoutMs: drainMs });
    await Promise.all(deliveries.map((delivery) => delivery.stop()));
    if (this.#sessions.get(sessionId) === session) this.#sessions.delete(sessionId);
  }

  /** Forgets the deliveries of a session that another node runs: those that were made since {@link release}, too. */
  drop(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    for (const delivery of session?.all.values() ?? []) void delivery.stop();
  }

  /** The failed deliveries of a session, oldest first. Rejects with a store error. */
  async listFailed(sessionId: string): Promise<readonly FailedDelivery[]> {
    const lists = this.#endpointNames(sessionId).map(async (endpoint) => {
      const failed = await this.#delivery(sessionId, endpoint).outbox.listFailed();
      return failed.map((delivery) => ({ endpoint, ...delivery }));
    });
    return (await Promise.all(lists)).flat().sort((a, b) => a.failedAt - b.failedAt);
  }

  /**
   * Puts a failed delivery back at the end of its queue, with the same id and body; one that failed at several endpoints goes
   * to each of them. Settles when that is durable. Rejects with a store error or `STOPPED`.
   */
  async redeliver(sessionId: string, deliveryId: string): Promise<RequeueResult> {
    const results: RequeueResult[] = [];
    for (const endpoint of this.#endpointNames(sessionId)) {
      results.push(await this.#delivery(sessionId, endpoint).redeliver(deliveryId));
    }
    if (results.includes("outbox-full")) return "outbox-full";
    return results.includes("queued") ? "queued" : "not-found";
  }

  /** The body of an event that is queued or failed, or was delivered by reference; undefined if there is none. Rejects with a store error. */
  async bodyOf(sessionId: string, eventId: string): Promise<string | undefined> {
    for (const endpoint of this.#endpointNames(sessionId)) {
      const body = await this.#delivery(sessionId, endpoint).outbox.bodyOf(eventId);
      if (body !== undefined) return body;
    }
    return undefined;
  }

  /** What each endpoint of a session does now, and why its last attempt failed; those that were not used yet are left out. */
  endpointStates(sessionId: string): ReadonlyMap<string, EndpointState> {
    return statesOf(this.#sessions.get(sessionId)?.all);
  }

  /** The figures of this moment. */
  stats(): WebhookStats {
    return statsOf(this.#all());
  }

  /**
   * Refuses new events, goes on delivering for at most `drainMs` without waiting for retries, then ends every request and
   * connection. What is left stays queued. Settles when all outcomes are stored, or the store refused them. Never rejects.
   * Already stopped: the same promise.
   */
  stop({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(drainMs);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<void> {
    const drained = Promise.all(this.#all().map((delivery) => delivery.drain()));
    await waitFor(drained, { timeoutMs: drainMs });
    await Promise.all(this.#all().map((delivery) => delivery.stop()));
    await Promise.allSettled(this.#forgetting.values());
    this.#context.transport.close();
  }

  async #forget(sessionId: string): Promise<void> {
    const names = new Set([
      DEFAULT_ENDPOINT,
      ...this.#endpointNames(sessionId),
      ...(this.#sessions.get(sessionId)?.all.keys() ?? []),
    ]);
    await Promise.all([...names].map((endpoint) => this.#delivery(sessionId, endpoint).remove()));
  }

  #subscribers(sessionId: string, event: WebhookEventName): readonly string[] {
    const record = this.#deps.session(sessionId);
    if (record === undefined || this.#forgetting.has(sessionId)) return [];
    return endpointsOf(record)
      .filter(([, config]) => targetOf(config)?.events.includes(event))
      .map(([endpoint]) => endpoint);
  }

  #endpointNames(sessionId: string): readonly string[] {
    const record = this.#deps.session(sessionId);
    return record === undefined ? [] : endpointsOf(record).map(([endpoint]) => endpoint);
  }

  #all(): readonly EndpointDelivery[] {
    return [...this.#sessions.values()].flatMap(({ all }) => [...all.values()]);
  }

  #delivery(sessionId: string, endpoint: string): EndpointDelivery {
    return this.#session(sessionId).of(endpoint);
  }

  #session(sessionId: string): SessionDeliveries {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const space = (endpoint: string): KeySpace => this.#deps.space(sessionId, endpoint);
    const session = new SessionDeliveries(sessionId, space, this.#context);
    this.#sessions.set(sessionId, session);
    return session;
  }
}
