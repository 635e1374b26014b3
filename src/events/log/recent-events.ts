/** The last events of one session in memory, bounded in number and bytes. */
import type { PublishedEvent } from "../../api/event-stream.js";

const NOTHING: readonly PublishedEvent[] = [];

/** Events in the order of their ids. */
export class RecentEvents {
  #events: PublishedEvent[] = [];
  /** How many at the start of the array are dropped already: it is cheaper to cut the array from time to time. */
  #dropped = 0;
  #bytes = 0;
  #lostUpTo: string;

  /** `lostUpTo`: events up to this id may be missing from the start. */
  constructor(lostUpTo: string) {
    this.#lostUpTo = lostUpTo;
  }

  /** Events up to this id may be missing. */
  get lostUpTo(): string {
    return this.#lostUpTo;
  }

  /** The id of the newest event. */
  get newest(): string | undefined {
    return this.#events.at(-1)?.id;
  }

  get length(): number {
    return this.#events.length - this.#dropped;
  }

  /** About what the events take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the newest event. */
  push(event: PublishedEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
  }

  /** The event with an id; undefined if it is not kept. */
  find(id: string): PublishedEvent | undefined {
    return this.#events.slice(this.#dropped).find((event) => event.id === id);
  }

  /** Removes an event that is not to be shown. */
  remove(event: PublishedEvent): void {
    const at = this.#events.indexOf(event, this.#dropped);
    if (at === -1) return;
    this.#events.splice(at, 1);
    this.#bytes -= sizeOf(event);
  }

  /** Drops the oldest events until the rest is within the bounds. Returns how many. The newest event always stays. */
  trim(maxEvents: number, maxBytes: number): number {
    const before = this.#dropped;
    while (this.length > 1 && (this.length > maxEvents || this.#bytes > maxBytes)) {
      const oldest = this.#events[this.#dropped] as PublishedEvent;
      this.#dropped += 1;
      this.#bytes -= sizeOf(oldest);
      this.#lostUpTo = oldest.id;
    }
    const dropped = this.#dropped - before;
    if (this.#dropped > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#dropped);
      this.#dropped = 0;
    }
    return dropped;
  }

  /** The events after an id, and before another one if that is given, oldest first, at most `limit`. */
  after(id: string, limit: number, before?: string): readonly PublishedEvent[] {
    const start = this.#firstThat((other) => other > id);
    const end = before === undefined ? this.#events.length : this.#firstThat((other) => other >= before);
    return start < end ? this.#events.slice(start, Math.min(end, start + limit)) : NOTHING;
  }

  /** The place of the first event whose id passes; so do all after it. */
  #firstThat(passes: (id: string) => boolean): number {
    let low = this.#dropped;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (passes((this.#events[middle] as PublishedEvent).id)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** About what an event takes in memory: two bytes per character at most, and the objects around it. */
function sizeOf({ body }: PublishedEvent): number {
  return 2 * body.length + 200;
}
