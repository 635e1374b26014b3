/** Listeners of one socket that are removed together. */

type Listener = (...args: never[]) => unknown;

/** Adds a listener of a stanza, or of another event of a WebSocket. */
export type AddListener = (name: string, listener: (argument: never) => void) => void;

/** Something with listeners. */
interface Listened {
  on(name: string, listener: Listener): unknown;
  off(name: string, listener: Listener): unknown;
}

/** Adds listeners, and removes all of them at once. */
export class Listeners {
  /** Emitter, name and listener, one after the other: less memory than a function that removes each. */
  readonly #added: unknown[] = [];

  /** Adds a listener. */
  add(emitter: object, name: string, listener: Listener): void {
    (emitter as Listened).on(name, listener);
    this.#added.push(emitter, name, listener);
  }

  /** Removes all that were added. */
  remove(): void {
    for (let index = 0; index < this.#added.length; index += 3) {
      const [emitter, name, listener] = this.#added.slice(index, index + 3);
      (emitter as Listened).off(name as string, listener as Listener);
    }
    this.#added.length = 0;
  }
}
