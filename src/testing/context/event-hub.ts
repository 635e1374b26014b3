/** The events of one emulator, and the waits for them. */
import type { EmulatorEventName, EmulatorEvents } from "./events.js";
import type { Transcript } from "./transcript.js";
import { waitUntil, type WaitInput, type WaitOptions } from "./wait.js";

/** A function that is called with each event of one name. */
export type EmulatorListener<Name extends EmulatorEventName> = (event: EmulatorEvents[Name]) => void;

/** Typed events with waits that always end. */
export class EventHub {
  readonly #transcript: Transcript;
  readonly #listeners = new Map<EmulatorEventName, Set<(event: never) => void>>();

  /** The transcript's last lines go into the error of a wait that timed out. */
  constructor(transcript: Transcript) {
    this.#transcript = transcript;
  }

  /** Calls the listener at every event of the name. */
  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
  }

  /** Stops calling the listener. */
  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** Calls the listener at the next event of the name. */
  once<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    const wrapped: EmulatorListener<Name> = (event) => {
      this.off(name, wrapped);
      listener(event);
    };
    this.on(name, wrapped);
  }

  /** Calls every listener. One that throws disturbs neither the service nor the others: its error is thrown on its own. */
  emit<Name extends EmulatorEventName>(name: Name, event: EmulatorEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])] as EmulatorListener<Name>[]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Settles with the next event of a name that the predicate accepts. Rejects with `TIMEOUT` or `ABORTED`. */
  waitFor<Name extends EmulatorEventName>(
    name: Name,
    predicate: (event: EmulatorEvents[Name]) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<EmulatorEvents[Name]> {
    return this.wait<EmulatorEvents[Name]>(`the emulator event "${name}"`, options, (resolve) => {
      const listener: EmulatorListener<Name> = (event) => {
        if (predicate(event)) resolve(event);
      };
      this.on(name, listener);
      return () => this.off(name, listener);
    });
  }

  /** Waits for anything else; see {@link WaitInput.start}. Rejects with `TIMEOUT`, `ABORTED`, or as `start` does. */
  wait<Value>(
    what: WaitInput<Value>["what"],
    options: WaitOptions,
    start: WaitInput<Value>["start"],
  ): Promise<Value> {
    return waitUntil({ ...options, what, start, transcriptTail: () => this.#transcript.tail() });
  }
}
