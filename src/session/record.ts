/** The record of one session: what it says now, and that the store follows. */
import { messageOf } from "../errors.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";

/** What a keeper needs. */
export interface RecordKeeperOptions {
  /** Writes a record; writes of one session keep their order. */
  readonly save: (record: SessionRecord) => Promise<void>;
  /** Rejects soon when the store does not answer; a write alone would go on trying for half a minute. */
  readonly reachable: () => Promise<void>;
  readonly now: () => number;
  readonly logger: Logger;
}

/** Keeps one record. Every write is of the whole record, so a later one takes along what an earlier one failed to write. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  #current: SessionRecord;
  #unsaved = false;

  constructor(record: SessionRecord, options: RecordKeeperOptions) {
    this.#current = record;
    this.#options = options;
  }

  get current(): SessionRecord {
    return this.#current;
  }

  /** Changes the record at once; settles when the change is durable. */
  async patch(change: Partial<SessionRecord>): Promise<void> {
    const record = { ...this.#current, ...change, updatedAt: new Date(this.#options.now()).toISOString() };
    this.#current = record;
    this.#unsaved = true;
    await this.#options.save(record);
    if (this.#current === record) this.#unsaved = false;
  }

  /** Changes the record; nobody waits for the store. */
  patchLater(change: Partial<SessionRecord>): void {
    this.patch(change).catch((error: unknown) => {
      const fields = { sessionId: this.#current.id, error: messageOf(error) };
      this.#options.logger.warn(fields, "a session's record could not be written");
    });
  }

  /**
   * Stores what the owner wants; nothing to do if the store has it. When the write fails the record says again what it
   * said, unless a later command has changed it (`stillWanted` is false).
   */
  async want(desired: SessionRecord["desired"], stillWanted: () => boolean): Promise<void> {
    const before = this.#current.desired;
    if (before === desired && !this.#unsaved) return;
    await this.#options.reachable();
    try {
      await this.patch({ desired });
    } catch (error) {
      if (stillWanted()) this.#current = { ...this.#current, desired: before };
      throw error;
    }
  }
}
