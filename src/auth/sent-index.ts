/** Which messages that were sent are kept, and where: one index per session, in memory over its reconnects. */
import { LazyMap } from "../async/lazy-collections.js";
import type { Encoded } from "../store/codec.js";

/** How many sent messages of a session are kept, and for how long. */
export interface SentLimits {
  readonly keep: number;
  /** Characters of their records. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Whether they are stored. If not, they are kept in memory. */
  readonly durable: boolean;
}

/** The default limits. */
const DEFAULT_SENT_LIMITS = {
  keep: 1_000,
  maxBytes: 4 * 1024 * 1024,
  maxAgeMs: 7 * 24 * 3_600_000,
  durable: true,
} as const satisfies SentLimits;

/** What is known of a kept message without its record. */
export interface KeptFacts {
  /** Counts up with each message that is kept. */
  readonly number: number;
  readonly id: string;
  readonly chat: string;
  /** In milliseconds since 1970. */
  readonly at: number;
  /** The message that it edits or revokes. */
  readonly about?: string | undefined;
}

/** A kept message. */
export interface Kept extends KeptFacts {
  /** Names its record in the store. Used again when the message goes. */
  readonly slot: number;
  size: number;
  /** Its record, while the store does not have it. */
  record: Encoded | undefined;
}

/**
 * The kept messages of one session, oldest first. Records are stored in slots that are used again, so that the list of the session's keys
 * does not change with every message.
 */
export class SentIndex {
  readonly limits: SentLimits;
  /** In the order of their numbers. */
  readonly #byId = new LazyMap<string, Kept>();
  /** Whether it is known what the store has. */
  #loaded = false;
  #bytes = 0;
  #free: number[] = [];
  #slots = 0;
  #newest = 0;

  constructor(limits: Partial<SentLimits> = {}) {
    this.limits = { ...DEFAULT_SENT_LIMITS, ...limits };
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  /** Number of messages. */
  get size(): number {
    return this.#byId.size;
  }

  /** Takes over what the store has, and the slots that are in use but can't be read. */
  load(stored: readonly Kept[], unreadable: readonly number[]): void {
    this.reset();
    for (const kept of [...stored].sort((a, b) => a.number - b.number)) {
      this.#slots = Math.max(this.#slots, kept.slot + 1);
      this.#newest = Math.max(this.#newest, kept.number);
      this.#add(kept);
    }
    this.#slots = Math.max(this.#slots, ...unreadable.map((slot) => slot + 1));
    const used = new Set([...this.#byId.values()].map(({ slot }) => slot));
    for (let slot = 0; slot < this.#slots; slot += 1) if (!used.has(slot)) this.#free.push(slot);
    this.#loaded = true;
  }

  /** Forgets everything: what the store has is not known any more. */
  reset(): void {
    this.#byId.clear();
    this.#loaded = false;
    this.#bytes = 0;
    this.#free = [];
    this.#slots = 0;
    this.#newest = 0;
  }

  /** A message that is kept and not too old. */
  get(id: string, now: number): Kept | undefined {
    const kept = this.#byId.get(id);
    return kept === undefined || this.#isOld(kept, now) ? undefined : kept;
  }

  /** The messages that edit or revoke one. */
  about(id: string): readonly Kept[] {
    return [...this.#byId.values()].filter(({ about }) => about === id);
  }

  /** A place for a new message. The one that had the same id goes. */
  place(id: string, chat: string, at: number, about: string | undefined): Kept {
    this.remove(id);
    this.#newest += 1;
    const slot = this.#free.pop() ?? this.#slots;
    this.#slots = Math.max(this.#slots, slot + 1);
    const kept = { number: this.#newest, id, chat, at, about, slot, size: 0, record: undefined };
    this.#add(kept);
    return kept;
  }

  /** Sets the record of a kept message. */
  record(kept: Kept, record: Encoded): void {
    this.#bytes += record.text.length - kept.size;
    kept.size = record.text.length;
    kept.record = record;
  }

  /** Removes a message. Returns its slot. */
  remove(id: string): number | undefined {
    const kept = this.#byId.get(id);
    if (kept === undefined) return undefined;
    this.#byId.delete(id);
    this.#bytes -= kept.size;
    this.#free.push(kept.slot);
    return kept.slot;
  }

  /** Removes what is too old, and the oldest while there are too many, or too much. Returns their slots. */
  trim(now: number): readonly number[] {
    const { keep, maxBytes } = this.limits;
    const freed: number[] = [];
    for (const kept of this.#byId.values()) {
      if (this.#byId.size <= keep && this.#bytes <= maxBytes && !this.#isOld(kept, now)) break;
      this.remove(kept.id);
      freed.push(kept.slot);
    }
    return freed;
  }

  #add(kept: Kept): void {
    this.#byId.set(kept.id, kept);
    this.#bytes += kept.size;
  }

  #isOld({ at }: Kept, now: number): boolean {
    return now - at > this.limits.maxAgeMs;
  }
}
