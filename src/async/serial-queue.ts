/** Work that is done one after the other. */
import { AsyncLocalStorage } from "node:async_hooks";

/** How a queue treats work that is added by work that has its turn. */
export interface SerialQueueOptions {
  /** Work added inside a turn runs at once, as a part of that turn, instead of waiting for it for ever. Default false. */
  readonly reentrant?: boolean;
}

/**
 * A queue of asynchronous work, one at a time, in order of arrival. Work that fails does not stop what follows.
 *
 * @example
 * const queue = new SerialQueue();
 * await Promise.all([queue.run(readCounter), queue.run(writeCounter)]); // the second begins after the first has settled
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  readonly #turn: AsyncLocalStorage<true> | undefined;

  constructor({ reentrant = false }: SerialQueueOptions = {}) {
    this.#turn = reentrant ? new AsyncLocalStorage() : undefined;
  }

  /** Runs the work when all work that came before has settled. Settles as the work does. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#turn;
    if (turn?.getStore() === true) return Promise.resolve(work());
    const result = this.#tail.then(turn === undefined ? work : () => turn.run(true, work));
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Settles when the work that is in the queue now has settled. Never rejects. */
  async settled(): Promise<void> {
    await this.#tail;
  }
}
