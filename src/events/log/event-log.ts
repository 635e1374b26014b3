/**
 * The recent events of all sessions, with the ids and bodies that webhooks have, for readers that come and go: SSE, and programs
 * that iterate over `events()`. A reader holds only its position, so a slow one costs no memory; one that falls behind what is
 * kept gets a gap.
 */
import type { EventGap, EventLogStats, PublishedEvent } from "../../api/event-stream.js";
import type { Logger } from "../../api/logger.js";
import { messageOf } from "../../errors.js";
import type { Along, KeySpace } from "../../store/space/key-space.js";
import type { EventIds } from "../event-id.js";
import { LeftSessions } from "./left-sessions.js";
import { type EventLogLimits, type Kept, KeptEvents } from "./kept-events.js";
import type { Feed } from "../feed.js";
import { type EventFilter, type FollowedLog, Follower } from "./follow.js";
import { UnstoredEvents } from "./unstored-events.js";

/** What a log needs. */
export interface EventLogOptions extends EventLogLimits {
  /** An id before the first event of this process. */
  readonly firstId: string;
  /** Where a session's events are stored. Left out: they are kept in memory only. */
  readonly space?: ((sessionId: string) => KeySpace) | undefined;
  /** The source of the ids of its events. */
  readonly ids: Pick<EventIds, "raise" | "knows">;
  readonly logger: Logger;
}

/** How an event is added. */
interface AppendOptions {
  /** It outlives its session's deletion. Default false. */
  readonly lasting?: boolean;
  /** It comes again, under another id, if it can't be stored: then it is never shown. Default false. */
  readonly repeatable?: boolean;
  /**
   * Stores it, wherever else it goes, in one batch with what the log gives: nothing if it keeps its events in memory. Returns nothing if
   * there is nothing to store. Left out: it is not stored.
   */
  readonly store?: ((along: Along | undefined) => Promise<void> | undefined) | undefined;
}

/** Events that a reader gets from one look at the log. */
const BATCH = 256;

/** Recent events of all sessions, to read from any position. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept: KeptEvents;
  readonly #readers = new Set<Follower>();
  readonly #unstored = new UnstoredEvents();
  /** Writes under way. */
  readonly #writes = new Set<Promise<void>>();
  /** Sessions that another process runs now: their events stay for those who read them here. */
  readonly #left = new LeftSessions((sessionId) => this.#drop(sessionId));
  /** Events up to this id of sessions that left are not kept anywhere. */
  #droppedUpTo = "";
  /** Reads of what is stored that are under way. */
  #loading = 0;
  #firstId: string;
  #lastId: string;
  #closed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#kept = new KeptEvents(options, options.space);
    this.#firstId = options.firstId;
    this.#lastId = options.firstId;
  }

  /** The id of the newest event. */
  get lastId(): string {
    return this.#lastId;
  }

  /** What follows is the first of this process. Before the first event. */
  begin(firstId: string): void {
    this.#firstId = firstId;
    this.#lastId = firstId;
  }

  /** Reads what was stored for these sessions before a restart. What can't be read is logged and left out. Never rejects. */
  async load(sessionIds: readonly string[]): Promise<void> {
    this.#loading += 1;
    for (const sessionId of sessionIds) {
      this.#left.delete(sessionId);
      try {
        const newest = await this.#kept.load(sessionId);
        if (newest !== undefined && newest.id > this.#lastId) this.#lastId = newest.id;
        if (newest !== undefined) this.#options.ids.raise(newest.id);
      } catch (error) {
        this.#options.logger.warn(
          { sessionId, error: messageOf(error) },
          "A session's event log can't be read",
        );
      }
    }
    this.#loading -= 1;
    this.#wake();
  }

  /** Another process runs the session now: its events stay here for a while, for those who have not read them yet. */
  release(sessionId: string): void {
    this.#left.add(sessionId);
    this.#wake();
  }

  #drop(sessionId: string): void {
    const newest = this.#kept.get(sessionId)?.recent.newest;
    if (this.#options.space === undefined && newest !== undefined && newest > this.#droppedUpTo)
      this.#droppedUpTo = newest;
    this.forget(sessionId);
  }

  /**
   * Adds an event, or all parts of one, in the order of the ids. Returns what `store` returns; readers see it when that has settled, or
   * at once.
   */
  append(
    events: readonly PublishedEvent[],
    { lasting = false, repeatable = false, store }: AppendOptions = {},
  ): Promise<void> | undefined {
    const newest = events.at(-1);
    if (newest === undefined) return undefined;
    const kept = this.#kept.of(newest.sessionId, { lasting });
    this.#lastId = newest.id;
    this.#kept.push(kept, events);
    const stored = store?.(kept.stored && (() => this.#kept.entriesOf(kept, events)));
    // Readers hear of a hidden one when it is shown.
    if (stored === undefined) this.#wake();
    else this.#hide(kept, events, { until: stored, repeatable });
    return stored;
  }

  /** Drops what is kept of a session in memory. */
  forget(sessionId: string): void {
    this.#left.delete(sessionId);
    this.#kept.forget(sessionId);
  }

  /** An event that is kept and shown; undefined if there is none. */
  find(sessionId: string, eventId: string): PublishedEvent | undefined {
    const unstored = this.#unstored.oldest([sessionId]);
    if (unstored !== undefined && eventId >= unstored) return undefined;
    return this.#kept.get(sessionId)?.recent.find(eventId);
  }

  /** Whether events after a position may be missing, because an earlier process had them in its memory. */
  isFromBefore(position: string): boolean {
    return this.#options.space === undefined && position < this.#firstId;
  }

  /** Whether what is in the log outlives the process. */
  get isDurable(): boolean {
    return this.#options.space !== undefined;
  }

  /** The figures of this moment. */
  stats(): EventLogStats {
    const events = this.#kept.all.reduce((sum, { recent }) => sum + recent.length, 0);
    return { readers: this.#readers.size, events, bytes: this.#kept.bytes };
  }

  /**
   * The events after an id, then each further one as it happens; without an id, those to come. Ends with the signal, with
   * {@link close}, and after the deletion of the only session asked for.
   */
  async *read(
    filter: EventFilter,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<PublishedEvent | EventGap, void, undefined> {
    const known = after !== undefined && this.#options.ids.knows(after);
    if (after !== undefined && !known) yield { gap: true };
    const reader = new Follower(this.#followed, filter, known ? after : this.#lastId);
    this.#readers.add(reader);
    try {
      yield* reader.events(signal);
    } finally {
      this.#readers.delete(reader);
    }
  }

  /**
   * The same for another reader, who puts the events of several logs in order: it may ask up to which id it knows everything. Ends as well, and
   * says so, when the only session asked for has left; with {@link close}, when everything was read. Ends with the signal in any case: it
   * must fire.
   */
  feed(filter: EventFilter, after: string, signal: AbortSignal): Feed {
    const reader = new Follower(this.#followed, filter, after);
    this.#readers.add(reader);
    signal.addEventListener("abort", () => this.#readers.delete(reader), { once: true });
    return reader.feed(signal);
  }

  /** Ends every reader. Settles when all writes under way have settled. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await Promise.all(this.#writes);
  }

  #hide(
    kept: Kept,
    events: readonly PublishedEvent[],
    { until, repeatable }: { readonly until: Promise<void>; readonly repeatable: boolean },
  ): void {
    for (const { id, sessionId } of events) this.#unstored.add(id, sessionId);
    const show = (): void => {
      for (const { id } of events) this.#unstored.delete(id);
      this.#wake();
    };
    const shown = until.then(show, () => {
      if (repeatable) this.#kept.remove(kept, events);
      show();
    });
    this.#writes.add(shown);
    void shown.then(() => this.#writes.delete(shown));
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }

  readonly #followed: FollowedLog = {
    lastId: () => this.#lastId,
    batch: (position, filter) => this.#batch(position, filter),
    isAll: ({ sessionIds }) => this.#loading === 0 && this.#unstored.oldest(sessionIds) === undefined,
    hasLeft: (sessionId) => this.#left.has(sessionId),
    isClosed: () => this.#closed,
    raise: (above) => this.#options.ids.raise(above),
    isFromBefore: (position) => this.isFromBefore(position),
    lostAfter: (position, filter) =>
      position < this.#droppedUpTo ||
      this.#kept.wanted(filter.sessionIds).some(({ lostUpTo }) => lostUpTo > position),
  };

  /** The next events after a position, of all sessions that the reader wants. */
  #batch(position: string, filter: EventFilter): readonly PublishedEvent[] {
    if (this.#loading > 0) return [];
    const { sessionIds } = filter;
    const unstored = this.#unstored.oldest(sessionIds);
    const found = this.#kept
      .wanted(sessionIds)
      .flatMap((recent) => recent.after(position, this.#options.keep, unstored))
      .filter(({ sessionId }) => sessionIds?.includes(sessionId) ?? true);
    return found.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, BATCH);
  }
}
