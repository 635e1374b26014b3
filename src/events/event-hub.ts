/**
 * The one place that emits. eventemitter3 stops at a throwing listener and says nothing of an unheard `error`; here each
 * listener stands alone, and an error nobody hears is logged.
 */
import { EventEmitter } from "eventemitter3";
import { messageOf } from "../errors.js";
import type { SessionEventName, SessionEvents, SessionListener } from "../api/events.js";
import type { Logger } from "../api/logger.js";

type AnyListener = (event: never) => unknown;

/** Typed events with isolated listeners. */
export class EventHub {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;
  /** The wrapped form of each listener, for `off`. */
  readonly #wrapped = new Map<string, Map<AnyListener, (event: unknown) => void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Calls the listener at every such event. The same listener twice on one event counts once. */
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    this.#add(name, listener, this.#isolated(name, listener));
  }

  /** Calls the listener at the next such event only. */
  once<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    const last: SessionListener<Name> = (event) => {
      this.off(name, listener);
      return listener(event);
    };
    this.#add(name, listener, this.#isolated(name, last));
  }

  /** Takes a listener away. Unknown ones are ignored. */
  off<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    const known = this.#wrapped.get(name);
    const wrapped = known?.get(listener);
    if (wrapped === undefined) return;
    known?.delete(listener);
    this.#emitter.off(name, wrapped);
  }

  /** Whether anybody listens. */
  hears(name: SessionEventName): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  /** Calls every listener, one after the other. Never throws. */
  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    const heard = this.#emitter.emit(name, event);
    if (name !== "error" || heard) return;
    const { sessionId, error } = event as SessionEvents["error"];
    this.#logger.error({ sessionId, error: messageOf(error) }, "an error that nobody listens for");
  }

  #add(name: SessionEventName, listener: AnyListener, wrapped: (event: unknown) => void): void {
    const known = this.#wrapped.get(name) ?? new Map<AnyListener, (event: unknown) => void>();
    if (known.has(listener)) return;
    known.set(listener, wrapped);
    this.#wrapped.set(name, known);
    this.#emitter.on(name, wrapped);
  }

  #isolated(name: SessionEventName, listener: AnyListener): (event: unknown) => void {
    const failed = (thrown: unknown): void => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#logger.error({ event: name, error: error.message }, "an event listener failed");
      // A listener for errors that fails itself must not be called again with its own failure.
      if (name !== "error") this.emit("error", { sessionId: null, error });
    };
    return (event) => {
      try {
        const result = listener(event as never);
        if (result instanceof Promise) result.catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
    };
  }
}
