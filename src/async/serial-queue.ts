/** Work that is done one after the other. */
import { AsyncLocalStorage } from "node:async_hooks";

/** How a queue treats work that is added by work that has its turn. */
export interface SerialQueueOptions {
  /**
   * Work added inside a turn runs at once, as a part of that turn, instead of waiting for it for ever. What a turn left behind when its work
   * had settled waits like any other. Default false.
   */
  readonly reentrant?: boolean;
}

/** The turns that the running code is a part of, the innermost first. */
interface Turn {
  readonly queue: SerialQueue;
  readonly outer: Turn | undefined;
  isOver: boolean;
}

/** One for all queues: every one that was ever entered writes a property on each promise of the process, sessions by the hundred would be felt. */
const turns = new AsyncLocalStorage<Turn>();

/**
 * A queue of asynchronous work, one at a time, in order of arrival. Work that fails does not stop what follows.
 *
 * @example
 * const queue = new SerialQueue();
 * await Promise.all([queue.run(readCounter), queue.run(writeCounter)]); // the second begins after the first has settled
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  readonly #reentrant: boolean;

  constructor({ reentrant = false }: SerialQueueOptions = {}) {
    this.#reentrant = reentrant;
  }

  /** Runs the work when all work that came before has settled. Settles as the work does. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    if (!this.#reentrant) return this.#append(work);
    const outer = running(turns.getStore());
    if (this.#isIn(outer)) return Promise.resolve(work());
    return this.#append(() => this.#takeTurn(outer, work));
  }

  /** Settles when the work that is in the queue now has settled. Never rejects. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #append<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #takeTurn<T>(outer: Turn | undefined, work: () => T | Promise<T>): Promise<T> {
    const turn: Turn = { queue: this, outer, isOver: false };
    try {
      return await turns.run(turn, work);
    } finally {
      turn.isOver = true;
    }
  }

  #isIn(turn: Turn | undefined): boolean {
    for (let one = turn; one !== undefined; one = running(one.outer)) if (one.queue === this) return true;
    return false;
  }
}

/** The innermost turn that is not over. */
function running(turn: Turn | undefined): Turn | undefined {
  let one = turn;
  while (one?.isOver === true) one = one.outer;
  return one;
}
