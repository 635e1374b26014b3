/**
 * The recent events of one session in the store, for a log that outlives the process. In the session's space:
 *
 *     state     where the events begin and end, and up to which id some may be missing
 *     e.<n>     one event, n counting up
 */
import type { KeySpace } from "../../store/space/key-space.js";
import type { PublishedEvent } from "../../api/event-stream.js";

const STATE_KEY = "state";
/** Events per read. */
const CHUNK = 200;

interface State {
  readonly version: 1;
  readonly head: number;
  readonly tail: number;
  readonly lostUpTo: string;
}

/** What was stored. */
export interface ArchivedEvents {
  readonly events: readonly PublishedEvent[];
  readonly lostUpTo: string;
}

/** See the head of this file. */
export class EventArchive {
  readonly #space: KeySpace;
  #state: State = { version: 1, head: 0, tail: 0, lostUpTo: "" };

  constructor(space: KeySpace) {
    this.#space = space;
  }

  /** Reads what is stored, to be called before anything is added. Rejects with a store error. */
  async load(): Promise<ArchivedEvents> {
    const state = (await this.#space.read([STATE_KEY])).get(STATE_KEY) as State | undefined;
    if (state === undefined) return { events: [], lostUpTo: "" };
    this.#state = state;
    const events: PublishedEvent[] = [];
    for (let start = state.head; start < state.tail; start += CHUNK) {
      const keys = numbers(start, Math.min(start + CHUNK, state.tail)).map(keyOf);
      const found = await this.#space.read(keys);
      for (const key of keys) {
        const event = found.get(key) as PublishedEvent | undefined;
        if (event !== undefined) events.push(event);
      }
    }
    return { events, lostUpTo: state.lostUpTo };
  }

  /** Adds an event and drops the oldest ones, in one batch. Settles when that is durable; rejects with a store error. */
  add(event: PublishedEvent, dropped: number, lostUpTo: string): Promise<void> {
    const { head, tail } = this.#state;
    this.#state = { version: 1, head: head + dropped, tail: tail + 1, lostUpTo };
    return this.#space.write(
      new Map<string, unknown>([
        ...numbers(head, head + dropped).map((n) => [keyOf(n), null] as const),
        [keyOf(tail), event],
        [STATE_KEY, this.#state],
      ]),
    );
  }
}

function keyOf(n: number): string {
  return `e.${n}`;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
