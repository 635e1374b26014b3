/** The sessions that exist and their records. */
import { ZpwootError, messageOf } from "../../errors.js";
import type { Store } from "../store.js";
import type { Logger } from "../../api/logger.js";
import type { SessionRecord } from "../../api/session-record.js";
import { generationEntry, generationKeys, newestGeneration } from "../generations.js";
import { recordKey } from "../keys.js";
import { SessionList } from "./session-list.js";
import { destroySpace, sessionSpace } from "../space/session-space.js";

/** Records read per call to the store. */
const LOAD_CHUNK = 500;

/** Options of {@link SessionRecords}. */
export interface SessionRecordsOptions {
  /** Hears of records that can't be read. Silent by default. */
  readonly logger?: Pick<Logger, "warn" | "error">;
}

/**
 * The durable side of creating, changing and deleting sessions. Deleting takes two steps: `tombstone` makes it certain,
 * `remove` does it; what a crash leaves between them is in `pendingDeletions`.
 */
export class SessionRecords {
  readonly #store: Store;
  readonly #registry: SessionList;
  readonly #logger: Pick<Logger, "warn" | "error"> | undefined;
  /** The last generation written or read of each record. */
  readonly #generations = new Map<string, number>();
  readonly #buried = new Set<string>();

  constructor(store: Store, options: SessionRecordsOptions = {}) {
    this.#store = store;
    this.#registry = new SessionList(store);
    this.#logger = options.logger;
  }

  /**
   * All sessions, in no order. One whose record can't be read in either generation is left out, loudly, and stays in
   * the store. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when a list of sessions itself can't be read.
   */
  async load(): Promise<SessionRecord[]> {
    const { live, deleting } = await this.#registry.ids();
    for (const id of deleting) this.#buried.add(id);
    const records: SessionRecord[] = [];
    for (let start = 0; start < live.length; start += LOAD_CHUNK) {
      records.push(...(await this.#loadSome(live.slice(start, start + LOAD_CHUNK))));
    }
    return records;
  }

  /** Stores a new session and lists it, at once. Rejects with `INVALID_INPUT` when the id is being deleted. */
  async insert(record: SessionRecord): Promise<void> {
    if (this.#buried.has(record.id))
      throw new ZpwootError("INVALID_INPUT", "A session with this id is being deleted");
    this.#generations.set(record.id, 1);
    await this.#registry.add(record.id, new Map([generationEntry(recordKey(record.id), 1, record)]));
  }

  /**
   * Replaces a session's record; calls for one session keep their order. Rejects with `SESSION_NOT_FOUND` when it was
   * never loaded or inserted here, or is being deleted.
   */
  async update(record: SessionRecord): Promise<void> {
    const generation = this.#generations.get(record.id);
    if (generation === undefined || this.#buried.has(record.id)) {
      throw new ZpwootError("SESSION_NOT_FOUND", "The session to update does not exist");
    }
    // Counted even if the write fails: a gap does no harm, the same number twice might.
    this.#generations.set(record.id, generation + 1);
    await this.#store.write(
      record.id,
      new Map([generationEntry(recordKey(record.id), generation + 1, record)]),
    );
  }

  /** The first step of a deletion: from now on, whatever happens, the session is gone for `load`. Repeatable. */
  async tombstone(id: string): Promise<void> {
    await this.#registry.bury(id);
    this.#buried.add(id);
  }

  /** Sessions with a tombstone that `remove` has not finished with. */
  async pendingDeletions(): Promise<string[]> {
    return [...(await this.#registry.ids()).deleting];
  }

  /**
   * Deletes all that is stored for a session: every key, its record, last its tombstone. Sets the tombstone first if it is
   * not there. Repeatable until it resolves.
   */
  async remove(id: string): Promise<void> {
    if (!this.#buried.has(id)) await this.tombstone(id);
    await destroySpace(this.#store, id);
    await this.#registry.drop(id, new Map(generationKeys(recordKey(id)).map((key) => [key, null])));
    this.#generations.delete(id);
    this.#buried.delete(id);
  }

  /** How many keys a session has of each family (`pre-key`, `session`, `outbox`…). */
  countKeys(id: string): Promise<ReadonlyMap<string, number>> {
    return sessionSpace(this.#store, id).counts();
  }

  async #loadSome(ids: readonly string[]): Promise<SessionRecord[]> {
    const stored = await this.#store.readEach(ids.flatMap((id) => generationKeys(recordKey(id))));
    const records: SessionRecord[] = [];
    for (const id of ids) {
      try {
        const newest = newestGeneration<SessionRecord>(recordKey(id), stored);
        if (newest === undefined)
          throw new ZpwootError("STORE_CORRUPT", "The record of a listed session is missing");
        if (newest.damaged)
          this.#logger?.warn(
            { sessionId: id },
            "One generation of a session's record can't be read; the other is used",
          );
        this.#generations.set(id, newest.number);
        records.push(newest.value);
      } catch (error) {
        this.#logger?.error(
          { sessionId: id, reason: messageOf(error) },
          "A session's record can't be read; it is left out",
        );
      }
    }
    return records;
  }
}
