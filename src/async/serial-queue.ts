/** Work that is done one after the other. */
import { AsyncLocalStorage } from "node:async_hooks";

/** One session's. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  /** Set inside work that has its turn: what it calls must not wait for it. */
  readonly #inside = new AsyncLocalStorage<true>();

  /** Runs the work when all work that came before has ended; at once within work that has its turn. Gives what the work gives. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore() === true) return work();
    const turn = this.#tail.then(() => this.#inside.run(true, work));
    this.#tail = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }
}
