/**
 * The recent events of one session in the store, for a log that outlives the process:
 *
 *     state     where the events start and end, and up to which id some may be missing
 *     e.<n>     one event, n counting up
 *
 * An event that can't be read is left out, a state that can't be read is made again from the keys: readers get a gap there.
 */
import type { PublishedEvent } from "../../api/event-stream.js";
import { type KeySpace, numbersIn, readableOf } from "../../store/space/key-space.js";
import type { SpaceEntry } from "../../store/space/session-space.js";
import { isEventId } from "../event-id.js";

const STATE_KEY = "state";
/** What the keys of events start with. */
const EVENT = "e.";
/** An id followed by this lies between its event and the next. */
const AFTER = "~";
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
    const state = await this.#readState();
    const events: PublishedEvent[] = [];
    let { lostUpTo } = state;
    let gap = state.rebuilt && state.head > 0;
    for (let start = state.head; start < state.tail; start += CHUNK) {
      const keys = range(start, Math.min(start + CHUNK, state.tail)).map(keyOf);
      const found = await readableOf(this.#space, keys);
      for (const event of keys.map((key) => found.get(key))) {
        if (isEvent(event)) {
          if (gap) lostUpTo = event.id;
          events.push(event);
        }
        gap = !isEvent(event);
      }
    }
    const last = events.at(-1);
    if (gap && last !== undefined) lostUpTo = `${last.id}${AFTER}`;
    this.#state = { version: 1, head: state.head, tail: state.tail, lostUpTo };
    return { events, lostUpTo };
  }

  async #readState(): Promise<State & { readonly rebuilt: boolean }> {
    const stored = (await this.#space.readEach([STATE_KEY])).get(STATE_KEY);
    if (stored === undefined) return { ...this.#state, rebuilt: false };
    if (isState(stored.value)) return { ...stored.value, rebuilt: false };
    const numbers = numbersIn(await this.#space.keys(), EVENT);
    const [head = 0] = numbers;
    return { version: 1, head, tail: (numbers.at(-1) ?? -1) + 1, lostUpTo: "", rebuilt: true };
  }

  /**
   * Adds an event and removes the oldest, so many at most. Returns what is to be written for that, in one batch with what was returned
   * before and is not written yet, and how many it removes: what is not written yet stays.
   */
  add(
    event: PublishedEvent,
    overdue: number,
    lostUpTo: string,
  ): { readonly entries: readonly SpaceEntry[]; readonly removed: number } {
    const { head, tail } = this.#state;
    const removed = Math.min(overdue, tail - head);
    this.#state = { version: 1, head: head + removed, tail: tail + 1, lostUpTo };
    const entries = this.#space.placed(
      new Map<string, unknown>([
        ...range(head, head + removed).map((n) => [keyOf(n), null] as const),
        [keyOf(tail), event],
        [STATE_KEY, this.#state],
      ]),
    );
    return { entries, removed };
  }
}

function keyOf(n: number): string {
  return `${EVENT}${n}`;
}

function isState(value: unknown): value is State {
  const { head, tail, lostUpTo } = (value ?? {}) as Partial<State>;
  return isPlace(head) && isPlace(tail) && head <= tail && typeof lostUpTo === "string";
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isEvent(value: unknown): value is PublishedEvent {
  const { id, event, sessionId, body } = (value ?? {}) as Partial<PublishedEvent>;
  return (
    typeof id === "string" &&
    isEventId(id) &&
    [event, sessionId, body].every((part) => typeof part === "string")
  );
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
