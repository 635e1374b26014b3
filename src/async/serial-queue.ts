/** Asynchronous work, one at a time. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";

/** How a queue treats work that is added by work that has its turn. */
export interface SerialQueueOptions {
  /**
   * Work added inside a turn runs at once, as a part of that turn, instead of waiting for it for ever. The next turn begins when all parts
   * have settled, also those that the work did not wait for. Default false.
   */
  readonly reentrant?: boolean;
}

/** A turn that the running code is a part of. */
interface Turn {
  readonly queue: SerialQueue;
  /** The turn of another queue in which it began. */
  readonly outer: Turn | undefined;
  /** What runs as a part of it. */
  readonly parts: Set<Promise<unknown>>;
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
    if (!this.#reentrant) {
      const result = this.#tail.then(work);
      this.#tail = result.catch(() => {});
      return result;
    }
    const outer = turns.getStore();
    const own = this.#turnIn(outer);
    return own === undefined ? this.#takeTurn(outer, work) : join(own, work);
  }

  /** Settles when the work that is in the queue now has settled. Never rejects. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #takeTurn<T>(outer: Turn | undefined, work: () => T | Promise<T>): Promise<T> {
    const turn: Turn = { queue: this, outer, parts: new Set() };
    const result = this.#tail.then(() => turns.run(turn, work));
    // What fails leaves behind what it had just begun, which asks for its part a little later.
    this.#tail = result.catch(() => setImmediate()).then(() => ended(turn));
    return result;
  }

  #turnIn(turn: Turn | undefined): Turn | undefined {
    for (let one = turn; one !== undefined; one = one.outer) if (one.queue === this) return one;
    return undefined;
  }
}

/**
 * Runs work as a part of a turn, also of one that is over: it may hold what the present turn waits for, as Baileys 7 holds a lock for each
 * device it encrypts to, so that it must not wait.
 */
function join<T>(turn: Turn, work: () => T | Promise<T>): Promise<T> {
  const part = (async () => work())();
  turn.parts.add(part);
  const done = (): void => void turn.parts.delete(part);
  part.then(done, done);
  return part;
}

/** Settles when all parts of the turn have settled. Never rejects. */
async function ended(turn: Turn): Promise<void> {
  while (turn.parts.size > 0) await Promise.allSettled(turn.parts);
}
