/** Work that takes turns by a key: Baileys 7 orders what it does to one contact's or one group's ratchet by it. */
import { AsyncLocalStorage } from "node:async_hooks";

/** The turns of one session. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Set inside work that has its turn: what it calls must not wait for it. */
  readonly #inside = new AsyncLocalStorage<true>();

  /** Runs the work when all work under the key that came before has ended. Gives what the work gives. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore() === true) return work();
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(() => this.#inside.run(true, work));
    const tail = turn.then(
      () => {},
      () => {},
    );
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return turn;
  }
}
