/** What an event log keeps of each session, bounded for each and for all together. */
import type { PublishedEvent } from "../../api/event-stream.js";
import type { KeySpace } from "../../store/space/key-space.js";
import type { SpaceEntry } from "../../store/space/session-space.js";
import { RecentEvents } from "./recent-events.js";
import { StoredEvents } from "./stored-events.js";

/** Where events that outlive their session are kept. */
const NO_SESSION = "";

/** The bounds of a log. */
export interface EventLogLimits {
  /** Events kept for one session. */
  readonly keep: number;
  /** Bytes kept for one session, and for all together. */
  readonly maxBytes: number;
  readonly maxTotalBytes: number;
}

/** What is kept of one session. */
export interface Kept {
  readonly recent: RecentEvents;
  readonly stored: StoredEvents | undefined;
  /** Events dropped from memory that are still in the store. */
  overdue: number;
  isForgotten?: boolean;
}

/** The events of all sessions. */
export class KeptEvents {
  readonly #limits: EventLogLimits;
  readonly #space: ((sessionId: string) => KeySpace) | undefined;
  readonly #bySession = new Map<string, Kept>();
  #bytes = 0;

  /** `space`: where a session's events are stored; left out, they are in memory only. */
  constructor(limits: EventLogLimits, space: ((sessionId: string) => KeySpace) | undefined) {
    this.#limits = limits;
    this.#space = space;
  }

  /** About what all take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is kept of each session. */
  get all(): readonly Kept[] {
    return [...this.#bySession.values()];
  }

  /** What is kept of a session, if there is something. */
  get(sessionId: string): Kept | undefined {
    return this.#bySession.get(sessionId);
  }

  /** Reads what is stored of a session. Returns its newest event. Rejects with a store error. */
  async load(sessionId: string): Promise<PublishedEvent | undefined> {
    if (this.#space === undefined) return undefined;
    const stored = new StoredEvents(this.#space(sessionId));
    const { events, lostUpTo } = await stored.load();
    // Kept since the session left this process.
    this.forget(sessionId);
    const kept: Kept = { recent: new RecentEvents(lostUpTo), stored, overdue: 0 };
    this.#bySession.set(sessionId, kept);
    this.push(kept, events);
    return events.at(-1);
  }

  /** Of the sessions that a reader wants: all, if none are named. */
  wanted(sessionIds: readonly string[] | undefined): readonly RecentEvents[] {
    if (sessionIds === undefined) return this.all.map(({ recent }) => recent);
    const named = [...new Set([...sessionIds, NO_SESSION])];
    return named.flatMap((sessionId) => this.#bySession.get(sessionId)?.recent ?? []);
  }

  /** What is kept of a session from now on; with those that outlive their session, in memory only, if it is `lasting`. */
  of(sessionId: string, { lasting }: { readonly lasting: boolean }): Kept {
    const place = lasting ? NO_SESSION : sessionId;
    const known = this.#bySession.get(place);
    if (known !== undefined) return known;
    const stored = lasting || !this.#space ? undefined : new StoredEvents(this.#space(sessionId));
    const kept: Kept = { recent: new RecentEvents(""), stored, overdue: 0 };
    this.#bySession.set(place, kept);
    return kept;
  }

  /** Adds the newest events, and drops the oldest beyond the bounds. */
  push(kept: Kept, events: readonly PublishedEvent[]): void {
    const { keep, maxBytes, maxTotalBytes } = this.#limits;
    this.#change(kept, (recent) => {
      for (const event of events) recent.push(event);
      kept.overdue += recent.trim(keep, maxBytes);
    });
    if (this.#bytes > maxTotalBytes) this.#shrinkLargest();
  }

  /** Removes events that are not to be shown. */
  remove(kept: Kept, events: readonly PublishedEvent[]): void {
    this.#change(kept, (recent) => {
      for (const event of events) recent.remove(event);
    });
  }

  /** What is to be stored of events, in the turn in which it is. */
  entriesOf(kept: Kept, events: readonly PublishedEvent[]): readonly SpaceEntry[] {
    return events.flatMap((event) => {
      const added = kept.stored?.add(event, kept.overdue, kept.recent.lostUpTo);
      kept.overdue -= added?.removed ?? 0;
      return added?.entries ?? [];
    });
  }

  /** Drops what is kept of a session in memory. */
  forget(sessionId: string): void {
    const kept = this.#bySession.get(sessionId);
    if (kept === undefined) return;
    this.#bytes -= kept.recent.bytes;
    kept.isForgotten = true;
    this.#bySession.delete(sessionId);
  }

  #change(kept: Kept, change: (recent: RecentEvents) => void): void {
    const before = kept.recent.bytes;
    change(kept.recent);
    // One that was forgotten meanwhile counts no more.
    if (!kept.isForgotten) this.#bytes += kept.recent.bytes - before;
  }

  #shrinkLargest(): void {
    const largest = this.all.reduce((most, one) => (one.recent.bytes > most.recent.bytes ? one : most));
    this.#change(largest, (recent) => {
      largest.overdue += recent.trim(Infinity, recent.bytes / 2);
    });
  }
}
