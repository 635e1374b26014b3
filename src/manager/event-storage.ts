/** Stores events wherever they go: in the outboxes of webhooks, in the event log, with the keys of their message, all in one batch. */
import type { EngineEvents } from "../api/events.js";
import type { Logger } from "../api/logger.js";
import { isZpwootError, messageOf } from "../errors.js";
import type { Along } from "../store/space/key-space.js";
import { sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import type { OutgoingEvent, WebhookDispatcher } from "../webhooks/index.js";

/** What {@link EventStorage} needs. */
export interface EventStorageDeps {
  readonly store: Store;
  readonly logger: Logger;
  emit(name: "error", event: EngineEvents["error"]): void;
}

/** See the head of this file. */
export class EventStorage {
  readonly #deps: EventStorageDeps;
  readonly #webhooks: Pick<WebhookDispatcher, "enqueue" | "store">;

  constructor(deps: EventStorageDeps, webhooks: Pick<WebhookDispatcher, "enqueue" | "store">) {
    this.#deps = deps;
    this.#webhooks = webhooks;
  }

  /** Queues an event for webhooks. Settles when it is durable; rejects when it may not be, which is reported. */
  async queue(event: OutgoingEvent): Promise<void> {
    try {
      await this.#webhooks.enqueue(event);
    } catch (thrown) {
      const { sessionId, event: name } = event;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const fields = { sessionId, event: name, error: messageOf(error) };
      this.#deps.logger.error(fields, "An event could not be queued for its webhook");
      this.#deps.emit("error", { sessionId, error });
      // The session is being deleted: it wants nothing any more.
      if (!isZpwootError(thrown, "ABORTED")) throw thrown;
    }
  }

  /** Stores an event in the log only, in the order of the session's events. As {@link queue}. */
  async log(sessionId: string, along: Along): Promise<void> {
    try {
      await this.#webhooks.store(sessionId, along);
    } catch (error) {
      // A session that is being deleted refuses writes, and needs none.
      if (isZpwootError(error, "ABORTED")) throw error;
      const fields = { sessionId, error: messageOf(error) };
      this.#deps.logger.warn(fields, "An event could not be stored in the event log");
      throw error;
    }
  }

  /** Stores what goes along with an event that is kept nowhere. Rejects with a store error, which is reported by who waits for it. */
  alone(sessionId: string, along: Along): Promise<void> {
    return sessionSpace(this.#deps.store, sessionId).write(along(), { patient: true });
  }
}

/** Both, or the one that there is. */
export function bothOf(one: Along | undefined, other: Along | undefined): Along | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return () => [...one(), ...other()];
}
