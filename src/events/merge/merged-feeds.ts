/**
 * The events of several logs, each of another process, in the order of their ids: nothing twice, nothing left out unsaid. An event is given when
 * nothing before it can come any more: each log was read that far, or its process has said so.
 */
import type { StreamedEvent } from "../../api/event-stream.js";
import { WakeSignal } from "../../async/wake-signal.js";
import type { Feed } from "../feed.js";
import { Source } from "./source.js";

/** How long one log may hold up the others. */
const HOLD_MS = 15_000;
/** How often it is looked at which logs there are. */
const LOOK_MS = 200;

/** What a merge needs. */
export interface MergeOptions {
  /** The logs there are, by name. */
  readonly names: () => readonly string[];
  /** Opens one, after a position. Ids of its events to come are greater than that. */
  readonly open: (name: string, after: string, signal: AbortSignal) => Feed;
  /** Whether what a log held that is gone is in the others by now. Undefined: it never will be. */
  readonly isElsewhere?: ((name: string) => boolean) | undefined;
  /** The id from which on events are given. */
  readonly after: string;
  /** Default 15,000. */
  readonly holdMs?: number | undefined;
}

/** A log that is read. */
interface Reading {
  readonly source: Source;
  /** Since when it holds up the others, by `performance.now`. */
  holdsSince: number | undefined;
  /** The others go on without it, since it did not say in time what it has up to this id. */
  skippedAt: string | undefined;
}

/** Reads the logs. Ends with the signal. */
export async function* mergedFeeds(
  options: MergeOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamedEvent, void, undefined> {
  const merge = new Merge(options);
  const onAbort = (): void => merge.wake();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const item = merge.next();
      if (item === undefined) await merge.changed();
      else yield item;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    merge.close();
  }
}

class Merge {
  readonly #options: MergeOptions;
  readonly #readings = new Map<string, Reading>();
  readonly #signal = new WakeSignal();
  #position: string;
  #gaps = 0;

  constructor(options: MergeOptions) {
    this.#options = options;
    this.#position = options.after;
  }

  wake(): void {
    this.#signal.wake();
  }

  /** Settles when there may be something. */
  async changed(): Promise<void> {
    await this.#signal.wait(LOOK_MS);
  }

  close(): void {
    for (const { source } of this.#readings.values()) source.close();
  }

  /** The next event, or that some may be missing; undefined when none can be given now. */
  next(): StreamedEvent | undefined {
    this.#look();
    for (;;) {
      const first = this.#first();
      if (this.#gaps > 0) {
        this.#gaps = 0;
        return { gap: true };
      }
      if (first?.source.head === undefined) return undefined;
      const { head } = first.source;
      if ("id" in head && !this.#isNext(head.id)) {
        if (this.#gaps > 0) continue;
        return undefined;
      }
      first.source.take();
      if ("gap" in head) return head;
      // Of a session that moved, and of a log that was read again, events come twice.
      if (head.id <= this.#position) continue;
      this.#position = head.id;
      return head;
    }
  }

  /** The reading whose head comes first. */
  #first(): Reading | undefined {
    let first: Reading | undefined;
    for (const reading of this.#readings.values()) {
      const { head } = reading.source;
      if (head === undefined) continue;
      if ("gap" in head) return reading;
      const best = first?.source.head;
      if (best === undefined || !("id" in best) || head.id < best.id) first = reading;
    }
    return first;
  }

  /** Whether nothing can come before an event. Asks those that may have something. */
  #isNext(id: string): boolean {
    if (id <= this.#position) return true;
    const now = performance.now();
    const { holdMs = HOLD_MS } = this.#options;
    let isNext = true;
    for (const reading of this.#readings.values()) {
      const { source } = reading;
      if (source.isKnownUpTo(id)) reading.holdsSince = undefined;
      else if (reading.skippedAt === undefined) {
        source.ask(id);
        reading.holdsSince ??= now;
        if (now - reading.holdsSince < holdMs) isNext = false;
        else this.#skip(reading, id);
      }
    }
    return isNext && this.#gaps === 0;
  }

  #skip(reading: Reading, id: string): void {
    reading.skippedAt = id;
    this.#gaps += 1;
  }

  #look(): void {
    const names = new Set(this.#options.names());
    for (const name of names) if (!this.#readings.has(name)) this.#add(name);
    for (const [name, reading] of this.#readings) {
      if (!names.has(name)) this.#gone(name, reading);
      else if (reading.source.isDue) reading.source.reopen(this.#position);
      else if (reading.skippedAt !== undefined) this.#tryAgain(reading, reading.skippedAt);
    }
  }

  /** A log that was skipped may be in step again; what it had meanwhile is missing. */
  #tryAgain(reading: Reading, skippedAt: string): void {
    const { source } = reading;
    const upTo = skippedAt > this.#position ? skippedAt : this.#position;
    source.ask(upTo);
    if (!source.isOpen || !source.isKnownUpTo(upTo)) return;
    reading.skippedAt = undefined;
    reading.holdsSince = undefined;
    this.#gaps += 1;
  }

  #add(name: string): void {
    const source = new Source({
      open: (after, signal) => this.#options.open(name, after, signal),
      after: this.#position,
      onChange: () => this.wake(),
    });
    this.#readings.set(name, { source, holdsSince: undefined, skippedAt: undefined });
  }

  /** The process of a log is gone. */
  #gone(name: string, reading: Reading): void {
    const { source } = reading;
    if (source.head !== undefined) return;
    const { isElsewhere } = this.#options;
    if (!source.isEnded && reading.skippedAt === undefined && isElsewhere !== undefined && !isElsewhere(name))
      return;
    source.close();
    this.#readings.delete(name);
    if (source.isEnded) return;
    if (isElsewhere === undefined) this.#gaps += 1;
    // What it had not given is read of those that have it now.
    else for (const { source: other } of this.#readings.values()) other.reopen(this.#position);
  }
}
