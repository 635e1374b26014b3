/** What one session is to write with its next batch. */
import type { Placed } from "./placed.js";

/** Characters that one session may have waiting behind its batch in flight: memory stays bounded during an outage. */
const MAX_CHARS = 16_000_000;
/** Memory of an entry beside its text, about, in characters. */
const ENTRY_CHARS = 100;

/** A batch as it is taken. */
export interface TakenWrites {
  /** By key; of several of one key the last. */
  readonly entries: ReadonlyMap<string, Placed>;
  readonly patient: boolean;
}

/** See the head of this file. */
export class PendingWrites {
  #entries = new Map<string, Placed>();
  #chars = 0;
  #patient = false;

  /** Adds changes; returns whether it did: not, when too much waits. */
  add(changes: readonly (readonly [string, Placed])[], patient: boolean): boolean {
    const size = changes.reduce((sum, [, { value }]) => sum + ENTRY_CHARS + (value?.text.length ?? 0), 0);
    if (this.#chars > 0 && this.#chars + size > MAX_CHARS) return false;
    this.#chars += size;
    this.#patient ||= patient;
    for (const [key, change] of changes) this.#entries.set(key, change);
    return true;
  }

  /** Takes all that waits. */
  take(): TakenWrites {
    const taken = { entries: this.#entries, patient: this.#patient };
    this.#entries = new Map();
    this.#chars = 0;
    this.#patient = false;
    return taken;
  }
}
