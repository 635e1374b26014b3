/** Reading a log from a position on, for one reader. */
import type { EventGap, PublishedEvent } from "../../api/event-stream.js";
import { WakeSignal } from "../../async/wake-signal.js";
import type { Feed, FeedEnd, FeedItem, FeedMark } from "../feed.js";

/** Which events a reader wants. */
export interface EventFilter {
  /** Default: of all sessions. */
  readonly sessionIds?: readonly string[] | undefined;
  /** Names of events. Default: all. */
  readonly events?: readonly string[] | undefined;
}

/** A log, as its readers see it. */
export interface FollowedLog {
  /** The id of the newest event. */
  lastId(): string;
  /** Whether a position is of before the log, which may have had events then. */
  isFromBefore(position: string): boolean;
  /** Whether events after a position are not kept any more. */
  lostAfter(position: string, filter: EventFilter): boolean;
  /** The next events after a position that may be shown. */
  batch(position: string, filter: EventFilter): readonly PublishedEvent[];
  /** Whether nothing of what a reader wants is held back. */
  isAll(filter: EventFilter): boolean;
  hasLeft(sessionId: string): boolean;
  isClosed(): boolean;
  /** Ids from now on are greater. */
  raise(above: string): void;
}

/** A reader. It holds only its position. */
export class Follower {
  readonly #log: FollowedLog;
  readonly #filter: EventFilter;
  readonly #signal = new WakeSignal();
  /** Of a {@link Feed} only: up to which id it wants to know everything, and up to which it does. */
  #known: { asked: string; given: string } | undefined;
  #position: string;

  constructor(log: FollowedLog, filter: EventFilter, after: string) {
    this.#log = log;
    this.#filter = filter;
    this.#position = after;
  }

  /** There is something new. */
  wake(): void {
    this.#signal.wake();
  }

  /** The events. Ends with the signal, with the log, and after the deletion of the only session asked for. */
  async *events(signal: AbortSignal): AsyncGenerator<PublishedEvent | EventGap, void, undefined> {
    for await (const item of this.#items(signal)) if ("gap" in item || "id" in item) yield item;
  }

  /** The same as a {@link Feed}; with the log it ends when everything was given. */
  feed(signal: AbortSignal): Feed {
    const known = { asked: this.#position, given: "" };
    this.#known = known;
    return {
      items: this.#items(signal),
      ask: (upTo) => {
        if (upTo > known.asked) known.asked = upTo;
        this.wake();
      },
    };
  }

  async *#items(signal: AbortSignal): AsyncGenerator<FeedItem, void, undefined> {
    const [log, filter] = [this.#log, this.#filter];
    const wake = (): void => this.wake();
    signal.addEventListener("abort", wake);
    try {
      // Who merges several logs knows itself what it missed.
      if (this.#known === undefined && log.isFromBefore(this.#position)) yield { gap: true };
      while (!signal.aborted && (this.#known !== undefined || !log.isClosed())) {
        if (log.lostAfter(this.#position, filter)) yield { gap: true };
        const batch = log.batch(this.#position, filter);
        for (const event of batch) {
          this.#position = event.id;
          if (filter.events?.includes(event.event) ?? true) yield event;
          if (event.event === "session.deleted" && filter.sessionIds?.length === 1) return;
        }
        if (batch.length > 0) continue;
        const standing = log.isAll(filter) ? this.#standing() : undefined;
        if (standing !== undefined) yield standing;
        if (standing !== undefined && "end" in standing) return;
        await this.#signal.wait();
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  /** There is nothing up to the newest event that the reader wants: dropping it from now on makes no gap. */
  #standing(): FeedMark | FeedEnd | undefined {
    const [log, known] = [this.#log, this.#known];
    if (this.#position < log.lastId()) this.#position = log.lastId();
    if (known === undefined) return undefined;
    const [only, another] = this.#filter.sessionIds ?? [];
    if (only !== undefined && another === undefined && log.hasLeft(only)) return { end: "left" };
    if (log.isClosed()) return { end: "closed" };
    if (known.asked <= known.given) return undefined;
    log.raise(known.asked);
    known.given = known.asked > this.#position ? known.asked : this.#position;
    return { upTo: known.given };
  }
}
