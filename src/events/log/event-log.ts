/**
 * The recent events of all sessions, with the ids and bodies that webhooks have, for readers that come and go: SSE, and programs
 * that iterate over `events()`. A reader holds only its position, so a slow one costs no memory; one that falls behind what is
 * kept gets a gap.
 */
import type { EventGap, EventLogStats, PublishedEvent } from "../../api/event-stream.js";
import type { Logger } from "../../api/logger.js";
import { WakeSignal } from "../../async/wake-signal.js";
import { isZpwootError, messageOf } from "../../errors.js";
import type { Along, KeySpace } from "../../store/space/key-space.js";
import { isEventId } from "../event-id.js";
import { RecentEvents } from "./recent-events.js";
import { StoredEvents } from "./stored-events.js";

/** The bounds of a log. */
interface EventLogLimits {
  /** Events kept for one session. */
  readonly keep: number;
  /** Bytes kept for one session, and for all together. */
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
}

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
  /** What is stored in the same batch. */
  readonly along?: Along | undefined;
}

/** Events that a reader gets from one look at the log. */
const BATCH = 256;
/** Where events that outlive their session are kept. */
const NO_SESSION = "";

/** What is kept of one session. */
interface Kept {
  readonly recent: RecentEvents;
  readonly stored: StoredEvents | undefined;
  /** Events dropped from memory that are still in the store. */
  overdue: number;
}

/** Recent events of all sessions, to read from any position. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept = new Map<string, Kept>();
  /** One signal per reader. */
  readonly #readers = new Set<WakeSignal>();
  /** Writes under way. */
  readonly #writes = new Set<Promise<void>>();
  #lastId: string;
  #bytes = 0;
  #closed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#lastId = options.firstId;
    this.isDurable = options.space !== undefined;
  }

  /** Reads what was stored for these sessions before a restart. What can't be read is logged and left out. Never rejects. */
  async load(sessionIds: readonly string[]): Promise<void> {
    const { space, logger } = this.#options;
    if (space === undefined) return;
    for (const sessionId of sessionIds) {
      try {
        await this.#load(sessionId, new StoredEvents(space(sessionId)));
      } catch (error) {
        logger.warn({ sessionId, error: messageOf(error) }, "A session's event log can't be read");
      }
    }
  }

  /** Whether a session's events are stored. */
  readonly isDurable: boolean;

  /**
   * Adds an event, in the order of the ids. A log that is stored gives a promise, which settles when the event is durable and rejects
   * with a store error, about which nothing needs to be said any more.
   */
  append(event: PublishedEvent, { lasting = false, along }: AppendOptions = {}): Promise<void> | undefined {
    const { keep, maxBytes, maxTotalBytes } = this.#options;
    const kept = this.#of(lasting ? NO_SESSION : event.sessionId);
    const before = kept.recent.bytes;
    kept.recent.push(event);
    kept.overdue += kept.recent.trim(keep, maxBytes);
    this.#bytes += kept.recent.bytes - before;
    this.#lastId = event.id;
    const stored = this.#store(kept, event, along);
    if (this.#bytes > maxTotalBytes) this.#shrinkLargest();
    for (const reader of this.#readers) reader.wake();
    return stored;
  }

  /** Adds the parts of an event, like {@link append}; `along` is stored with the last of them. */
  appendParts(parts: readonly PublishedEvent[], along: Along | undefined): Promise<void> | undefined {
    const last = parts.length - 1;
    const writes = parts.flatMap((part, index) => this.append(part, index === last ? { along } : {}) ?? []);
    return writes.length === 0 ? undefined : Promise.all(writes).then(() => {});
  }

  /** Drops what is kept of a session in memory. */
  forget(sessionId: string): void {
    this.#bytes -= this.#kept.get(sessionId)?.recent.bytes ?? 0;
    this.#kept.delete(sessionId);
  }

  /** The figures of this moment. */
  stats(): EventLogStats {
    const events = [...this.#kept.values()].reduce((sum, { recent }) => sum + recent.length, 0);
    return { readers: this.#readers.size, events, bytes: this.#bytes };
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
          if (position < this.#lastId) position = this.#lastId;
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
    for (const reader of this.#readers) reader.wake();
    await Promise.all(this.#writes);
  }

  #store(kept: Kept, event: PublishedEvent, along: Along | undefined): Promise<void> | undefined {
    if (kept.stored === undefined) return undefined;
    const removed = kept.overdue;
    kept.overdue = 0;
    const stored = kept.stored.add(event, removed, kept.recent.lostUpTo, along);
    const write = stored.catch((error: unknown) => {
      // A session that is being deleted refuses writes, and needs none.
      if (isZpwootError(error, "ABORTED")) return;
      const fields = { sessionId: event.sessionId, error: messageOf(error) };
      this.#options.logger.warn(fields, "An event could not be stored in the event log");
    });
    this.#writes.add(write);
    void write.then(() => this.#writes.delete(write));
    return stored;
  }

  async #load(sessionId: string, stored: StoredEvents): Promise<void> {
    const { keep, maxBytes } = this.#options;
    const { events, lostUpTo } = await stored.load();
    const recent = new RecentEvents(lostUpTo);
    for (const event of events) recent.push(event);
    const overdue = recent.trim(keep, maxBytes);
    this.#kept.set(sessionId, { recent, stored, overdue });
    this.#bytes += recent.bytes;
    const newest = events.at(-1)?.id ?? "";
    if (newest > this.#lastId) this.#lastId = newest;
  }

  #of(sessionId: string): Kept {
    const known = this.#kept.get(sessionId);
    if (known !== undefined) return known;
    const { space } = this.#options;
    const inMemory = space === undefined || sessionId === NO_SESSION;
    const stored = inMemory ? undefined : new StoredEvents(space(sessionId));
    const kept: Kept = { recent: new RecentEvents(""), stored, overdue: 0 };
    this.#kept.set(sessionId, kept);
    return kept;
  }

  #shrinkLargest(): void {
    const all = [...this.#kept.values()];
    const largest = all.reduce((most, one) => (one.recent.bytes > most.recent.bytes ? one : most));
    const before = largest.recent.bytes;
    largest.overdue += largest.recent.trim(Infinity, before / 2);
    this.#bytes += largest.recent.bytes - before;
  }

  /** What is kept of the sessions that a reader wants. */
  #wanted({ sessionIds }: EventFilter): readonly RecentEvents[] {
    const kept =
      sessionIds === undefined
        ? [...this.#kept.values()]
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
    const events =
      sessionIds === undefined ? found : found.filter(({ sessionId }) => sessionIds.includes(sessionId));
    return events.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, BATCH);
  }
}
