/**
 * The recent events of all sessions, with the ids and bodies that webhooks have, for readers that come and go: SSE, and programs
 * that iterate over `events()`. A reader holds only its position, so a slow one costs no memory; one that falls behind what is
 * kept gets a gap.
 */
import type { EventGap, EventLogStats, PublishedEvent } from "../../api/event-stream.js";
import type { Logger } from "../../api/logger.js";
import { WakeSignal } from "../../async/wake-signal.js";
import { messageOf } from "../../errors.js";
import type { Along, KeySpace } from "../../store/space/key-space.js";
import { isEventId } from "../event-id.js";
import { type EventLogLimits, type Kept, KeptEvents } from "./kept-events.js";
import type { RecentEvents } from "./recent-events.js";
import { UnstoredEvents } from "./unstored-events.js";

/** What a log needs. */
export interface EventLogOptions extends EventLogLimits {
  /** An id before the first event of this process. */
  readonly firstId: string;
  /** Where a session's events are stored. Left out: they are kept in memory only. */
  readonly space?: ((sessionId: string) => KeySpace) | undefined;
  readonly logger: Logger;
}

/** Which events a reader wants. */
export interface EventFilter {
  /** Default: of all sessions. */
  readonly sessionIds?: readonly string[] | undefined;
  /** Names of events. Default: all. */
  readonly events?: readonly string[] | undefined;
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
/** Where events that outlive their session are kept. */
const NO_SESSION = "";

/** Recent events of all sessions, to read from any position. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept: KeptEvents;
  /** One signal per reader. */
  readonly #readers = new Set<WakeSignal>();
  readonly #unstored = new UnstoredEvents();
  /** Writes under way. */
  readonly #writes = new Set<Promise<void>>();
  #lastId: string;
  #closed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#kept = new KeptEvents(options, options.space);
    this.#lastId = options.firstId;
  }

  /** Reads what was stored for these sessions before a restart. What can't be read is logged and left out. Never rejects. */
  async load(sessionIds: readonly string[]): Promise<void> {
    for (const sessionId of sessionIds) {
      try {
        const newest = await this.#kept.load(sessionId);
        if (newest !== undefined && newest.id > this.#lastId) this.#lastId = newest.id;
      } catch (error) {
        this.#options.logger.warn(
          { sessionId, error: messageOf(error) },
          "A session's event log can't be read",
        );
      }
    }
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
    const kept = this.#kept.of(lasting ? NO_SESSION : newest.sessionId, lasting);
    this.#lastId = newest.id;
    this.#kept.push(kept, events);
    const stored = store?.(kept.stored && (() => this.#kept.entriesOf(kept, events)));
    if (stored !== undefined) this.#hide(kept, events, { until: stored, repeatable });
    this.#wake();
    return stored;
  }

  /** Drops what is kept of a session in memory. */
  forget(sessionId: string): void {
    this.#kept.forget(sessionId);
  }

  /** An event that is kept and shown; undefined if there is none. */
  find(sessionId: string, eventId: string): PublishedEvent | undefined {
    const unstored = this.#unstored.oldest([sessionId]);
    if (unstored !== undefined && eventId >= unstored) return undefined;
    return this.#kept.get(sessionId)?.recent.find(eventId);
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
    const known = after !== undefined && isEventId(after);
    let position = known ? after : this.#lastId;
    if (after !== undefined && !known) yield { gap: true };
    const reader = new WakeSignal();
    const wake = (): void => reader.wake();
    signal.addEventListener("abort", wake);
    this.#readers.add(reader);
    try {
      while (!signal.aborted && !this.#closed) {
        if (this.#lostAfter(position, filter)) yield { gap: true };
        const batch = this.#batch(position, filter);
        for (const event of batch) {
          position = event.id;
          if (filter.events?.includes(event.event) ?? true) yield event;
          if (event.event === "session.deleted" && filter.sessionIds?.length === 1) return;
        }
        if (batch.length === 0) {
          // The reader wants nothing up to here, so dropping it from now on makes no gap.
          const isAll = this.#unstored.oldest(filter.sessionIds) === undefined;
          if (isAll && position < this.#lastId) position = this.#lastId;
          await reader.wait();
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#readers.delete(reader);
    }
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

  /** What is kept of the sessions that a reader wants. */
  #wanted({ sessionIds }: EventFilter): readonly RecentEvents[] {
    const kept =
      sessionIds === undefined
        ? this.#kept.all
        : [...new Set([...sessionIds, NO_SESSION])].map((sessionId) => this.#kept.get(sessionId));
    return kept.flatMap((one) => (one === undefined ? [] : [one.recent]));
  }

  #lostAfter(position: string, filter: EventFilter): boolean {
    const fromBefore = this.#options.space === undefined && position < this.#options.firstId;
    return fromBefore || this.#wanted(filter).some(({ lostUpTo }) => lostUpTo > position);
  }

  /** The next events after a position, of all sessions that the reader wants. */
  #batch(position: string, filter: EventFilter): readonly PublishedEvent[] {
    const { sessionIds } = filter;
    const found = this.#wanted(filter).flatMap((recent) => recent.after(position, this.#options.keep));
    const unstored = this.#unstored.oldest(sessionIds);
    const events = found.filter(
      ({ id, sessionId }) =>
        (sessionIds?.includes(sessionId) ?? true) && (unstored === undefined || id < unstored),
    );
    return events.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, BATCH);
  }
}
