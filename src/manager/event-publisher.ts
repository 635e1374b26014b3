/** All that leaves the manager: events to listeners, to webhooks, and to the log that readers of `events()` follow. */
import type { EventStreamOptions, OutgoingStats, StreamedEvent } from "../api/event-stream.js";
import { ZpwootError, messageOf } from "../errors.js";
import type { EventHub } from "../events/event-hub.js";
import { EventLog } from "../events/log/event-log.js";
import type { SessionEventName, SessionEvents, WhatsAppEvent } from "../api/events.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import { outboxSpace } from "./session-services.js";
import { familySpace } from "../store/space/key-space.js";
import type { UpdateSessionInput } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import { changeEndpoints } from "../webhooks/endpoint-changes.js";
import { LOGGED_ENGINE_EVENTS } from "../api/events.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../api/webhook-events.js";
import { WebhookDispatcher, endpointOf, withEndpoint } from "../webhooks/index.js";
import { eventIds } from "../events/event-id.js";
import { type FailedDelivery } from "../api/event-stream.js";

/** One source for all managers of the process: an id is greater than every one that an earlier manager gave. */
const newId = eventIds(Date.now);

const webhookEvents: ReadonlySet<string> = new Set(WEBHOOK_EVENTS);
const loggedEvents: ReadonlySet<string> = new Set(LOGGED_ENGINE_EVENTS);

/** A session, as far as it matters here. */
interface Sender {
  readonly record: SessionRecord;
  patch(change: Partial<SessionRecord>): Promise<void>;
}

/** What is needed of the manager. */
export interface EventPublisherDeps {
  readonly options: SessionManagerOptions;
  readonly store: Store;
  readonly hub: EventHub;
  readonly logger: Logger;
  session(sessionId: string): Sender | undefined;
}

/** See the head of this file. */
export class EventPublisher {
  readonly #deps: EventPublisherDeps;
  readonly #webhooks: WebhookDispatcher;
  readonly #log: EventLog | undefined;

  /** @throws ZpwootError `INVALID_OPTION`. */
  constructor(deps: EventPublisherDeps) {
    const { options, store, hub, logger } = deps;
    const { eventLog = {} } = options;
    this.#deps = deps;
    this.#log = eventLog === false ? undefined : this.#openLog(eventLog);
    const log = this.#log;
    this.#webhooks = new WebhookDispatcher({
      space: (sessionId, endpoint) => outboxSpace(store, sessionId, endpoint),
      session: (sessionId) => deps.session(sessionId)?.record,
      emit: (name, event) => hub.emit(name, event as never),
      disable: (sessionId, url, endpoint) => this.#disable(sessionId, url, endpoint),
      published: log === undefined ? undefined : (event) => log.append(event),
      newId,
      logger,
      options: options.webhooks ?? {},
    });
  }

  /** Tells an event to everybody it concerns. Never throws. */
  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#deps.hub.emit(name, event);
    if (webhookEvents.has(name)) this.#publish(name as WebhookEventName, event as WhatsAppEvent);
    else if (loggedEvents.has(name)) this.#note(name, event as { readonly sessionId: string });
  }

  /** Takes up what was queued and kept before a restart. Never rejects. */
  async resume(sessionIds: readonly string[]): Promise<void> {
    await this.#log?.load(sessionIds);
    await this.#webhooks.resume(sessionIds);
  }

  /** Changes the endpoints of a session; gives the secrets that were made, by endpoint. Settles when it is in force. */
  async update(session: Sender, input: UpdateSessionInput): Promise<Readonly<Record<string, string>>> {
    const { id } = session.record;
    const { record, removed, newSecrets } = changeEndpoints(session.record, input, Date.now());
    await session.patch(record);
    this.#webhooks.updated(id);
    for (const endpoint of removed) await this.#webhooks.drop(id, endpoint);
    return newSecrets;
  }

  /** See `SessionManager.listFailedDeliveries`. */
  listFailed(sessionId: string): Promise<readonly FailedDelivery[]> {
    return this.#webhooks.listFailed(sessionId);
  }

  /** See `SessionManager.redeliver`. */
  async redeliver(sessionId: string, deliveryId: string): Promise<void> {
    const result = await this.#webhooks.redeliver(sessionId, deliveryId);
    if (result === "not-found") {
      throw new ZpwootError("DELIVERY_NOT_FOUND", "The session has no failed delivery with this id");
    }
    if (result === "outbox-full") {
      throw new ZpwootError(
        "OUTBOX_FULL",
        "The webhook's outbox is full: redeliver once the receiver takes events",
      );
    }
  }

  /** See `SessionManager.events`. */
  events({ after, signal, ...filter }: EventStreamOptions): AsyncGenerator<StreamedEvent, void, undefined> {
    if (this.#log === undefined) {
      throw new ZpwootError("INVALID_OPTION", "The event log is switched off by the option eventLog");
    }
    return this.#log.read(filter, after, signal ?? new AbortController().signal);
  }

  stats(): OutgoingStats {
    return {
      webhooks: this.#webhooks.stats(),
      eventLog: this.#log?.stats() ?? { readers: 0, events: 0, bytes: 0 },
    };
  }

  /** Drops what is queued and kept for a session. Rejects with a store error; repeatable. */
  async forget(sessionId: string): Promise<void> {
    this.#log?.forget(sessionId);
    await this.#webhooks.forget(sessionId);
  }

  /** Ends readers, and deliveries within the time. Never rejects. */
  async stop(drainMs: number): Promise<void> {
    await Promise.all([this.#log?.close(), this.#webhooks.stop({ drainMs })]);
  }

  #openLog({
    keep = DEFAULTS.eventLogKeep,
    durable = false,
  }: {
    keep?: number;
    durable?: boolean;
  }): EventLog {
    const { store, logger } = this.#deps;
    return new EventLog({
      keep,
      maxBytes: DEFAULTS.eventLogBytes,
      maxTotalBytes: DEFAULTS.eventLogTotalBytes,
      begin: newId(),
      space: durable ? (sessionId) => familySpace(store, sessionId, "event-log") : undefined,
      logger,
    });
  }

  #publish(name: WebhookEventName, { sessionId, data }: WhatsAppEvent): void {
    this.#webhooks.publish(sessionId, name, data).catch((error: unknown) => {
      const fields = { sessionId, event: name, error: messageOf(error) };
      this.#deps.logger.error(fields, "an event could not be queued for its webhook");
      const reported = error instanceof Error ? error : new Error(String(error));
      this.#deps.hub.emit("error", { sessionId, error: reported });
    });
  }

  #note(name: SessionEventName, { sessionId, ...data }: { readonly sessionId: string }): void {
    const id = newId();
    const sessionName = this.#deps.session(sessionId)?.record.name ?? null;
    const timestamp = new Date().toISOString();
    const body = JSON.stringify({ id, event: name, sessionId, sessionName, timestamp, data });
    const lasting = name === "session.created" || name === "session.deleted";
    this.#log?.append({ id, event: name, sessionId, body }, { lasting });
  }

  /** The receiver answered 410: it does not want to be called again. */
  async #disable(sessionId: string, url: string, endpoint: string): Promise<void> {
    const session = this.#deps.session(sessionId);
    const config = endpointOf(session?.record, endpoint);
    if (session === undefined || config?.url !== url) return;
    await session.patch(withEndpoint(session.record, endpoint, { ...config, enabled: false }));
    this.emit("session.updated", { sessionId });
  }
}
