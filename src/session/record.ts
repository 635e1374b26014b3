/** The record of one session: what it says now, and writing it to the store. */
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import { waitFor } from "../async/deadline.js";
import { messageOf } from "../errors.js";

/** How a record is written. */
export interface SaveOptions {
  /** Whether nobody waits for the write, so that it may go on being tried while the store is full. Default false. */
  readonly patient?: boolean;
}

/** What a {@link RecordKeeper} needs. */
export interface RecordKeeperOptions {
  /** Writes a record; writes of one session keep their order. */
  readonly save: (record: SessionRecord, options?: SaveOptions) => Promise<void>;
  /** Rejects soon when the store does not answer; a write alone would try for half a minute. */
  readonly reachable: () => Promise<void>;
  readonly now: () => number;
  readonly logger: Logger;
}

/** How {@link RecordKeeper.setDesired} works. */
export interface SetDesiredOptions {
  /** Whether no later command has come. */
  readonly isLatest: () => boolean;
  /** A person's command: what brought the session to rest holds no longer. */
  readonly overrules?: boolean;
}

/** Keeps one record. Every write is of the whole record, so a later one includes what an earlier one failed to write. */
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
  patch(change: Partial<SessionRecord>, options?: SaveOptions): Promise<void> {
    return this.#patch(change, (record) => this.#options.save(record, options));
  }

  /**
   * Like {@link patch}, for changes that a caller asked for: when the write fails, what nobody has changed meanwhile is as before, so
   * that what is in force is what is stored. `save` writes the record, perhaps with something else.
   */
  async change(
    change: Partial<SessionRecord>,
    save: (record: SessionRecord) => Promise<void> = this.#options.save,
  ): Promise<void> {
    const before = this.#current;
    try {
      await this.#patch(change, save);
    } catch (error) {
      const names = Object.keys(change) as (keyof SessionRecord)[];
      const unchanged = names.filter((name) => this.#current[name] === change[name]);
      const reverted = Object.fromEntries(unchanged.map((name) => [name, before[name]]));
      this.#current = { ...this.#current, ...reverted };
      throw error;
    }
  }

  /** Changes the record at once, without waiting for the store; a failed write is logged. */
  patchLater(change: Partial<SessionRecord>): void {
    void this.#patchLogged(change);
  }

  /**
   * Changes the record at once; settles when that is durable, or after `timeoutMs` while the store is slow: the write goes on then.
   * Never rejects; a failed write is logged.
   */
  async patchWithin(timeoutMs: number, change: Partial<SessionRecord>): Promise<void> {
    await waitFor(this.#patchLogged(change), { timeoutMs });
  }

  /**
   * Stores what the owner wants; settles when it is durable, at once if it is. When the write fails the record keeps what it said
   * before, unless a later command has changed it (`isLatest` returns false).
   */
  async setDesired(
    desired: SessionRecord["desired"],
    { isLatest, overrules = false }: SetDesiredOptions,
  ): Promise<void> {
    const { desired: before, verdict = null } = this.#current;
    if (before === desired && !this.#unsaved && (!overrules || verdict === null)) return;
    await this.#options.reachable();
    try {
      await this.patch({ desired, ...(overrules ? { verdict: null } : {}) });
    } catch (error) {
      if (isLatest()) this.#current = { ...this.#current, desired: before, verdict };
      throw error;
    }
  }

  async #patch(
    change: Partial<SessionRecord>,
    save: (record: SessionRecord) => Promise<void>,
  ): Promise<void> {
    const record = { ...this.#current, ...change, updatedAt: new Date(this.#options.now()).toISOString() };
    this.#current = record;
    this.#unsaved = true;
    await save(record);
    if (this.#current === record) this.#unsaved = false;
  }

  async #patchLogged(change: Partial<SessionRecord>): Promise<void> {
    try {
      await this.patch(change, { patient: true });
    } catch (error) {
      const fields = { sessionId: this.#current.id, error: messageOf(error) };
      this.#options.logger.warn(fields, "session record not written");
    }
  }
}
