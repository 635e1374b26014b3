/** The one place an emulator emits from. */

import { ZpwootError } from "../../errors.js";
import type { EmulatorEventName, EmulatorEvents } from "./events.js";

/** A function that hears one event. */
export type EmulatorListener<Name extends EmulatorEventName> = (event: EmulatorEvents[Name]) => void;

/** How long a wait may last, and what may end it. */
export interface WaitOptions {
  /** Milliseconds; 5,000 unless told. */
  readonly timeoutMs?: number;
  /** Ends the wait with an `ABORTED` error. */
  readonly signal?: AbortSignal;
}

const defaultWaitMs = 5000;

/** Typed events with waits that always end. */
export class EventHub {
  readonly #listeners = new Map<EmulatorEventName, Set<(event: never) => void>>();

  on<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
  }

  off<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  once<Name extends EmulatorEventName>(name: Name, listener: EmulatorListener<Name>): void {
    const wrapped: EmulatorListener<Name> = (event) => {
      this.off(name, wrapped);
      listener(event);
    };
    this.on(name, wrapped);
  }

  /** Calls every listener. One that throws does not disturb the service or the others; its error is thrown on its own. */
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

  /** The next event of a name that the predicate accepts. Rejects with `TIMEOUT` or `ABORTED`. */
  waitFor<Name extends EmulatorEventName>(
    name: Name,
    predicate: (event: EmulatorEvents[Name]) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<EmulatorEvents[Name]> {
    return settle<EmulatorEvents[Name]>(`the emulator event "${name}"`, options, (resolve) => {
      const listener: EmulatorListener<Name> = (event) => {
        if (predicate(event)) resolve(event);
      };
      this.on(name, listener);
      return () => this.off(name, listener);
    });
  }
}

/**
 * A promise with a deadline and perhaps a signal. `start` gets the two ways to settle it and gives back what undoes
 * its listeners; that runs exactly once, however the wait ends.
 */
export function settle<Value>(
  what: string,
  { timeoutMs = defaultWaitMs, signal }: WaitOptions,
  start: (resolve: (value: Value) => void, reject: (error: Error) => void) => () => void,
): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    let cleanUp = (): void => undefined;
    let done = false;
    const finish = (act: () => void): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      cleanUp();
      act();
    };
    const fail = (error: Error): void => finish(() => reject(error));
    const onAbort = (): void => fail(new ZpwootError("ABORTED", `The wait for ${what} was aborted.`));
    const timer = setTimeout(() => {
      fail(new ZpwootError("TIMEOUT", `Waited ${timeoutMs} ms in vain for ${what}.`));
    }, timeoutMs);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    cleanUp = start((value) => finish(() => resolve(value)), fail);
    if (done) cleanUp();
  });
}
