/** Publishes events: to listeners, to the log that readers of `events()` follow, and to webhooks. Renders each one once. */
import {
  LOGGED_ENGINE_EVENTS,
  type EngineEventName,
  type EngineEvents,
  type NamedWhatsAppEvent,
} from "../api/events.js";
import type {
  EventStreamOptions,
  FailedDelivery,
  OutgoingStats,
  PublishedEvent,
  StreamedEvent,
} from "../api/event-stream.js";
import type { UpdateSessionInput } from "../api/session-info.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import { inTime } from "../async/command-deadline.js";
import { ZpwootError } from "../errors.js";
import { type EventIds, eventIds, idAt, isEventId } from "../events/event-id.js";
import { EventLog } from "../events/log/event-log.js";
import { renderPayloads, type EventFacts, type RenderedPayload } from "../events/payload.js";
import { type Along, familySpace } from "../store/space/key-space.js";
import {
  changeEndpoints,
  endpointOf,
  outboxSpace,
  WebhookDispatcher,
  webhookLimits,
  type EndpointState,
  type WebhookLimits,
  withEndpoint,
} from "../webhooks/index.js";
import type { EventPublisherDeps, PublishingSession } from "./event-publisher-deps.js";
import { bothOf, EventStorage } from "./event-storage.js";
import { DEFAULTS, type EventLogOption } from "./options.js";

/** One source for all managers of the process that are no nodes: ids grow even from one manager to the next. */
const idsOfProcess = eventIds(Date.now);

const loggedEvents: ReadonlySet<EngineEventName> = new Set(LOGGED_ENGINE_EVENTS);

/** The one way out for events, with the log and the webhooks behind it. */
export class EventPublisher {
  /** Whence events have their ids. In a cluster, a source of its own for each node, by the store's clock. */
  readonly newId: EventIds;
  /** What readers of `events()` follow. Undefined when it is switched off. */
  readonly log: EventLog | undefined;
  readonly #deps: EventPublisherDeps;
  readonly #limits: WebhookLimits;
  readonly #webhooks: WebhookDispatcher;
  readonly #storage: EventStorage;
  /** Sessions being deleted: what they still emit is for listeners only. */
  readonly #forgetting = new Set<string>();

  /** @throws ZpwootError `INVALID_OPTION`. */
  constructor(deps: EventPublisherDeps) {
    const { options, store, logger } = deps;
    const { eventLog = {}, webhooks } = options;
    this.#deps = deps;
    this.newId = deps.clock === undefined ? idsOfProcess : eventIds(deps.clock.now);
    this.#limits = webhookLimits(webhooks);
    this.log = eventLog === false ? undefined : this.#openLog(eventLog);
    this.#webhooks = new WebhookDispatcher({
      space: (sessionId, endpoint) => outboxSpace(store, sessionId, endpoint),
      session: (sessionId) => deps.session(sessionId)?.record,
      emit: this.emit,
      disable: (sessionId, url, endpoint) => this.#disable(sessionId, url, endpoint),
      logger,
      options: this.#limits,
    });
    this.#storage = new EventStorage({ store, logger, emit: this.emit }, this.#webhooks);
  }

  /** Publishes an event of the engine. Never throws. */
  readonly emit = <Name extends EngineEventName>(name: Name, event: EngineEvents[Name]): void => {
    this.#deps.hub.emit(name, event);
    if (loggedEvents.has(name) && "sessionId" in event) this.#logEngineEvent(name, event);
  };

  /**
   * Publishes an event of a session's library. `data` is rendered before the call returns. Never throws. Gives a promise if the event
   * is to be stored: it settles when the event is durable wherever it goes, and rejects when it may not be. `along` is stored with it.
   */
  readonly emitWhatsApp = <Name extends WebhookEventName>(
    sessionId: string,
    { name, data }: NamedWhatsAppEvent<Name>,
    along?: Along,
  ): Promise<void> | undefined => {
    this.#deps.hub.emit(name, { sessionId, data });
    if (this.#deps.session(sessionId) === undefined || this.#forgetting.has(sessionId)) return undefined;
    const isWanted = this.#webhooks.wants(sessionId, name);
    if (this.log === undefined && !isWanted) return undefined;
    const at = Date.now();
    const bodies = this.#render({ event: name, sessionId, at, data });
    const store = (logged: Along | undefined): Promise<void> | undefined => {
      const both = bothOf(logged, along);
      if (isWanted) return this.#storage.queue({ sessionId, event: name, at, bodies, along: both });
      if (logged !== undefined && both !== undefined) return this.#storage.log(sessionId, both);
      return along && this.#storage.alone(sessionId, along);
    };
    const parts = bodies.map(({ id, body }) => ({ id, event: name, sessionId, body }));
    if (this.log === undefined) return store(undefined);
    return this.log.append(parts, { store, repeatable: along !== undefined });
  };

  /** A node of a cluster has joined: what follows is the first of it. */
  begin(): void {
    this.log?.begin(this.newId());
  }

  /** Events to come are newer than those that other nodes of the cluster have published so far. Rejects with a store error. */
  async passOthers(): Promise<void> {
    const { clock } = this.#deps;
    if (clock !== undefined) this.newId.raise(idAt(await clock.latest()));
  }

  /** Loads the log and the outboxes of these sessions, and delivers what was queued before a restart. Never rejects. */
  async resume(sessionIds: readonly string[]): Promise<void> {
    await this.log?.load(sessionIds);
    await this.#webhooks.resume(sessionIds);
  }

  /**
   * Changes the endpoints of a session. Settles when the change is stored and in effect, with the secrets that are new, by
   * endpoint. Rejects with `INVALID_INPUT` or a store error.
   */
  async update(
    session: PublishingSession,
    input: UpdateSessionInput,
  ): Promise<Readonly<Record<string, string>>> {
    const { id } = session.record;
    const { record, removed, newSecrets } = changeEndpoints(session.record, input, Date.now());
    await session.patch(record);
    this.#webhooks.updated(id);
    for (const endpoint of removed) await this.#webhooks.removeEndpoint(id, endpoint);
    return newSecrets;
  }

  /** See `SessionManager.listFailedDeliveries`. */
  readonly listFailed = (sessionId: string): Promise<readonly FailedDelivery[]> =>
    inTime("listFailedDeliveries", () => this.#webhooks.listFailed(sessionId));

  /** An event that is kept in the log, or in an outbox. Rejects with `EVENT_NOT_FOUND` or a store error. */
  async event(sessionId: string, eventId: string): Promise<PublishedEvent> {
    const logged = this.log?.find(sessionId, eventId);
    if (logged !== undefined) return logged;
    const body = isEventId(eventId)
      ? await inTime("getEvent", () => this.#webhooks.bodyOf(sessionId, eventId))
      : undefined;
    if (body === undefined)
      throw new ZpwootError("EVENT_NOT_FOUND", "The session keeps no event with this id, or not any more");
    const { event } = JSON.parse(body) as { readonly event: string };
    return { id: eventId, event, sessionId, body };
  }

  /**
   * Queues a failed delivery again. Settles when that is durable. Rejects with `DELIVERY_NOT_FOUND`, `OUTBOX_FULL`, `STOPPED` or
   * a store error.
   */
  async redeliver(sessionId: string, deliveryId: string): Promise<void> {
    const result = await inTime("redeliver", () => this.#webhooks.redeliver(sessionId, deliveryId));
    if (result === "not-found") {
      throw new ZpwootError("DELIVERY_NOT_FOUND", "The session has no failed delivery with this id");
    }
    if (result === "outbox-full") {
      const text = "The webhook's outbox is full: redeliver once the receiver accepts events";
      throw new ZpwootError("OUTBOX_FULL", text);
    }
  }

  /** The events of the log, then each further one. Throws `INVALID_OPTION` when the log is off. */
  events({ after, signal, ...filter }: EventStreamOptions): AsyncGenerator<StreamedEvent, void, undefined> {
    if (this.log === undefined) {
      throw new ZpwootError("INVALID_OPTION", "The event log is switched off by the option eventLog");
    }
    return this.log.read(filter, after, signal ?? new AbortController().signal);
  }

  /** What each endpoint of a session does now, by its name. */
  readonly endpointStates = (sessionId: string): ReadonlyMap<string, EndpointState> =>
    this.#webhooks.endpointStates(sessionId);

  /** The figures of this moment. */
  stats(): OutgoingStats {
    const eventLog = this.log?.stats() ?? { readers: 0, events: 0, bytes: 0 };
    return { webhooks: this.#webhooks.stats(), eventLog };
  }

  /** Deletes what is queued and kept of a session. Rejects with a store error; can be repeated. */
  async forget(sessionId: string): Promise<void> {
    this.#forgetting.add(sessionId);
    this.log?.forget(sessionId);
    try {
      await this.#webhooks.forget(sessionId);
    } finally {
      this.#forgetting.delete(sessionId);
    }
  }

  /** Another node runs the session: nothing more is sent here. Never rejects. */
  readonly release = (sessionId: string, drainMs: number): Promise<void> =>
    this.#webhooks.release(sessionId, { drainMs }).then(() => this.log?.release(sessionId));

  /** Forgets what was made for a session since {@link release}. */
  readonly drop = (sessionId: string): void => this.#webhooks.drop(sessionId);

  /** Ends readers at once, and deliveries within the time in milliseconds. Never rejects. */
  async stop(drainMs: number): Promise<void> {
    await Promise.all([this.log?.close(), this.#webhooks.stop({ drainMs })]);
  }

  #openLog({ keep = DEFAULTS.eventLogKeep, durable = false }: EventLogOption): EventLog {
    const { store, logger } = this.#deps;
    return new EventLog({
      keep,
      maxBytes: DEFAULTS.eventLogBytes,
      maxTotalBytes: DEFAULTS.eventLogTotalBytes,
      firstId: this.newId(),
      space: durable ? (sessionId) => familySpace(store, sessionId, "event-log") : undefined,
      ids: this.newId,
      logger,
    });
  }

  #logEngineEvent(name: EngineEventName, { sessionId, ...data }: { readonly sessionId: unknown }): void {
    if (this.log === undefined || typeof sessionId !== "string") return;
    // What a session says last comes when everything that was stored of it is gone.
    const isDeleted = this.#deps.session(sessionId)?.ended?.code === "SESSION_NOT_FOUND";
    const lasting = isDeleted || name === "session.created" || name === "session.deleted";
    const bodies = this.#render({ event: name, sessionId, at: Date.now(), data });
    const parts = bodies.map(({ id, body }) => ({ id, event: name, sessionId, body }));
    const store = (logged: Along | undefined): Promise<void> | undefined =>
      logged && this.#storage.log(sessionId, logged);
    this.log.append(parts, { lasting, store })?.catch(() => {});
  }

  #render(facts: Omit<EventFacts, "sessionName">): readonly RenderedPayload[] {
    const sessionName = this.#deps.session(facts.sessionId)?.record.name ?? null;
    return renderPayloads({ ...facts, sessionName }, this.#limits, this.newId);
  }

  /** The receiver answered 410: nothing more is sent to it. */
  async #disable(sessionId: string, url: string, endpoint: string): Promise<void> {
    const session = this.#deps.session(sessionId);
    const config = endpointOf(session?.record, endpoint);
    if (session === undefined || config?.url !== url) return;
    await session.patch(withEndpoint(session.record, endpoint, { ...config, enabled: false }));
    this.emit("session.updated", { sessionId });
  }
}
