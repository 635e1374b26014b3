/**
 * The recent events of one session in the store, for a log that outlives the process:
 *
 *     state     where the events start and end, and up to which id some may be missing
 *     e.<n>     one event, n counting up
 */
import type { PublishedEvent } from "../../api/event-stream.js";
import type { KeySpace } from "../../store/space/key-space.js";

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
export interface LoadedEvents {
  /** Oldest first. */
  readonly events: readonly PublishedEvent[];
  /** Events up to this id may be missing. */
  readonly lostUpTo: string;
}

/** The stored events of one session. */
export class StoredEvents {
  readonly #space: KeySpace;
  #state: State = { version: 1, head: 0, tail: 0, lostUpTo: "" };

  constructor(space: KeySpace) {
    this.#space = space;
  }

  /** Reads what is stored. Call it before {@link add}. Rejects with a store error. */
  async load(): Promise<LoadedEvents> {
    const state = (await this.#space.read([STATE_KEY])).get(STATE_KEY) as State | undefined;
    if (state === undefined) return { events: [], lostUpTo: "" };
    this.#state = state;
    const events: PublishedEvent[] = [];
    for (let start = state.head; start < state.tail; start += CHUNK) {
      const keys = range(start, Math.min(start + CHUNK, state.tail)).map(keyOf);
      const found = await this.#space.read(keys);
      for (const key of keys) {
        const event = found.get(key) as PublishedEvent | undefined;
        if (event !== undefined) events.push(event);
      }
    }
    return { events, lostUpTo: state.lostUpTo };
  }

  /** Adds an event and removes so many of the oldest, in one batch. Settles when that is durable; rejects with a store error. */
  add(event: PublishedEvent, removed: number, lostUpTo: string): Promise<void> {
    const { head, tail } = this.#state;
    this.#state = { version: 1, head: head + removed, tail: tail + 1, lostUpTo };
    return this.#space.write(
      new Map<string, unknown>([
        ...range(head, head + removed).map((n) => [keyOf(n), null] as const),
        [keyOf(tail), event],
        [STATE_KEY, this.#state],
      ]),
    );
  }
}

function keyOf(n: number): string {
  return `e.${n}`;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
