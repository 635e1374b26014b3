/**
 * The recent events of all sessions, with the ids and bodies that webhooks have, for readers that come and go: SSE, and
 * programs that iterate. A reader holds nothing but its place, so a slow one costs no memory; when it falls behind what
 * is kept, it is told so.
 */
import type { EventGap, EventLogStats } from "../../api/event-stream.js";
import { isZpwootError, messageOf } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import { WakeSignal } from "../../async/wake-signal.js";
import { type KeySpace } from "../../store/space/key-space.js";
import { isEventId } from "../event-id.js";
import { type PublishedEvent } from "../../api/event-stream.js";
import { EventArchive } from "./stored-events.js";
import { RecentEvents } from "./recent-events.js";

/** The bounds of a log. */
export interface EventLogLimits {
  /** Events kept for one session. */
  readonly keep: number;
  /** Bytes kept for one session, and for all together. */
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
}

/** What a log needs. */
export interface EventLogOptions extends EventLogLimits {
  /** The id before the first event of this process. */
  readonly begin: string;
  /** Where a session's events are stored; left out, they are kept in memory. */
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

/** Events handed to a reader from one look at the log. */
const BATCH = 256;
/** Where events about sessions that are gone are kept. */
const NO_SESSION = "";

interface Kept {
  readonly recent: RecentEvents;
  readonly archive: EventArchive | undefined;
  /** Events dropped from memory that are still stored. */
  behind: number;
}

/** See the head of this file. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #bells = new Set<WakeSignal>();
  /** Writes under way. */
  readonly #storing = new Set<Promise<void>>();
  #last: string;
  #bytes = 0;
  #closed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#last = options.begin;
  }

  /** Takes up what was stored for these sessions before a restart. A session that can't be read begins anew. */
  async load(sessionIds: readonly string[]): Promise<void> {
    if (this.#options.space === undefined) return;
    for (const sessionId of sessionIds) {
      try {
        await this.#load(sessionId);
      } catch (error) {
        this.#options.logger.warn({ sessionId, error: messageOf(error) }, "an event log can't be read");
      }
    }
  }

  /** Adds an event, in the order of the ids. `lasting` events outlive their session's deletion. */
  append(event: PublishedEvent, { lasting = false }: { readonly lasting?: boolean } = {}): void {
    const { keep, maxBytes, maxTotalBytes } = this.#options;
    const kept = this.#of(lasting ? NO_SESSION : event.sessionId);
    const before = kept.recent.bytes;
    kept.recent.push(event);
    kept.behind += kept.recent.trim(keep, maxBytes);
    this.#bytes += kept.recent.bytes - before;
    this.#last = event.id;
    this.#store(kept, event);
    if (this.#bytes > maxTotalBytes) this.#shrinkLargest();
    for (const bell of this.#bells) bell.wake();
  }

  /** Drops what is kept of a session in memory. */
  forget(sessionId: string): void {
    this.#bytes -= this.#kept.get(sessionId)?.recent.bytes ?? 0;
    this.#kept.delete(sessionId);
  }

  /** Figures of this moment. */
  stats(): EventLogStats {
    const events = [...this.#kept.values()].reduce((sum, { recent }) => sum + recent.length, 0);
    return { readers: this.#bells.size, events, bytes: this.#bytes };
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
    let place = known ? after : this.#last;
    if (after !== undefined && !known) yield { gap: true };
    const bell = new WakeSignal();
    const ring = (): void => bell.wake();
    signal.addEventListener("abort", ring);
    this.#bells.add(bell);
    try {
      while (!signal.aborted && !this.#closed) {
        if (this.#lostAfter(place, filter)) yield { gap: true };
        const batch = this.#batch(place, filter);
        for (const event of batch) {
          place = event.id;
          if (filter.events?.includes(event.event) ?? true) yield event;
          if (event.event === "session.deleted" && filter.sessionIds?.length === 1) return;
        }
        if (batch.length === 0) {
          // Nothing up to here is of interest: what is dropped of it from now on is no gap.
          if (place < this.#last) place = this.#last;
          await bell.wait(Infinity);
        }
      }
    } finally {
      signal.removeEventListener("abort", ring);
      this.#bells.delete(bell);
    }
  }

  /** Ends every reader; settles when what was added is stored, or can't be. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const bell of this.#bells) bell.wake();
    await Promise.all(this.#storing);
  }

  #store(kept: Kept, event: PublishedEvent): void {
    if (kept.archive === undefined) return;
    const dropped = kept.behind;
    kept.behind = 0;
    const storing = kept.archive.add(event, dropped, kept.recent.lostUpTo).catch((error: unknown) => {
      // A session that is being deleted takes no more, and needs none.
      if (isZpwootError(error, "ABORTED")) return;
      const fields = { sessionId: event.sessionId, error: messageOf(error) };
      this.#options.logger.warn(fields, "an event could not be kept in the event log");
    });
    this.#storing.add(storing);
    void storing.then(() => this.#storing.delete(storing));
  }

  async #load(sessionId: string): Promise<void> {
    const { space, keep, maxBytes } = this.#options;
    const archive = new EventArchive((space as (sessionId: string) => KeySpace)(sessionId));
    const { events, lostUpTo } = await archive.load();
    const recent = new RecentEvents(lostUpTo);
    for (const event of events) recent.push(event);
    const behind = recent.trim(keep, maxBytes);
    this.#kept.set(sessionId, { recent, archive, behind });
    this.#bytes += recent.bytes;
    const newest = events.at(-1)?.id ?? "";
    if (newest > this.#last) this.#last = newest;
  }

  #of(sessionId: string): Kept {
    const known = this.#kept.get(sessionId);
    if (known !== undefined) return known;
    const { space } = this.#options;
    const archive =
      space === undefined || sessionId === NO_SESSION ? undefined : new EventArchive(space(sessionId));
    const kept: Kept = { recent: new RecentEvents(""), archive, behind: 0 };
    this.#kept.set(sessionId, kept);
    return kept;
  }

  #shrinkLargest(): void {
    const all = [...this.#kept.values()];
    const largest = all.reduce((most, one) => (one.recent.bytes > most.recent.bytes ? one : most));
    const before = largest.recent.bytes;
    largest.behind += largest.recent.trim(Infinity, before / 2);
    this.#bytes += largest.recent.bytes - before;
  }

  #asked({ sessionIds }: EventFilter): readonly RecentEvents[] {
    const kept =
      sessionIds === undefined
        ? [...this.#kept.values()]
        : [...new Set([...sessionIds, NO_SESSION])].map((sessionId) => this.#kept.get(sessionId));
    return kept.flatMap((one) => (one === undefined ? [] : [one.recent]));
  }

  #lostAfter(place: string, filter: EventFilter): boolean {
    const fromBefore = this.#options.space === undefined && place < this.#options.begin;
    return fromBefore || this.#asked(filter).some(({ lostUpTo }) => lostUpTo > place);
  }

  /** The next events after a place, of all sessions asked for. */
  #batch(place: string, filter: EventFilter): readonly PublishedEvent[] {
    const { sessionIds } = filter;
    const found = this.#asked(filter).flatMap((recent) => recent.after(place, this.#options.keep));
    const wanted =
      sessionIds === undefined ? found : found.filter(({ sessionId }) => sessionIds.includes(sessionId));
    return wanted.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, BATCH);
  }
}
