/**
 * Typed events for listeners in this process. eventemitter3 stops at a listener that throws, and drops an `error` event without
 * a listener; here each listener is isolated, and such an error is logged.
 */
import { EventEmitter } from "eventemitter3";
import type {
  EngineEvents,
  SessionEventName,
  SessionEvents,
  SessionListener,
  WhatsAppEvent,
} from "../api/events.js";
import type { Logger } from "../api/logger.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import { messageOf } from "../errors.js";

/** Emits events to isolated listeners. */
export class EventHub {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;
  /** The isolated form of each listener, by event: `off` is called with the listener itself. */
  readonly #isolated = new Map<SessionEventName, Map<unknown, EventEmitter.ListenerFn>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Calls the listener at every such event. Adding a listener to the same event twice has no effect. */
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    this.#add(name, listener, listener);
  }

  /** Calls the listener at the next such event only. */
  once<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    this.#add(name, listener, (event) => {
      this.off(name, listener);
      return listener(event);
    });
  }

  /** Removes a listener. Unknown ones are ignored. */
  off<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    const known = this.#isolated.get(name);
    const isolated = known?.get(listener);
    if (isolated === undefined) return;
    known?.delete(listener);
    this.#emitter.off(name, isolated);
  }

  /** Whether the event has a listener. */
  hasListener(name: SessionEventName): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  /** Calls every listener, one after the other. Never throws. An `error` event without a listener is logged. */
  emit<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void;
  emit<Name extends WebhookEventName>(name: Name, event: WhatsAppEvent<Name>): void;
  emit(name: SessionEventName, event: object): void {
    if (!this.#emitter.emit(name, event) && name === "error") this.#logUnhandled(event);
  }

  #logUnhandled({ sessionId, error }: Partial<EngineEvents["error"]>): void {
    this.#logger.error({ sessionId, error: messageOf(error) }, "An error event without a listener");
  }

  #add<Name extends SessionEventName>(
    name: Name,
    listener: SessionListener<Name>,
    call: SessionListener<Name>,
  ): void {
    const known = this.#isolated.get(name) ?? new Map<unknown, EventEmitter.ListenerFn>();
    if (known.has(listener)) return;
    const isolated = (event: SessionEvents[Name]): void => this.#call(name, call, event);
    known.set(listener, isolated);
    this.#isolated.set(name, known);
    this.#emitter.on(name, isolated);
  }

  #call<Name extends SessionEventName>(
    name: Name,
    listener: SessionListener<Name>,
    event: SessionEvents[Name],
  ): void {
    const failed = (thrown: unknown): void => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#logger.error({ event: name, error: error.message }, "An event listener failed");
      // A listener for errors that fails must not be called again with its own failure.
      if (name !== "error") this.emit("error", { sessionId: null, error });
    };
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}
