/** Which sessions exist, and their records. */
import type { Logger } from "../../api/logger.js";
import type { SessionRecord } from "../../api/session-record.js";
import { messageOf, ZpwootError } from "../../errors.js";
import { generationEntries, generationKeys } from "../generations.js";
import type { Change } from "../drivers/driver.js";
import { holderKey, recordKey } from "../keys.js";
import { destroySpace, sessionSpace } from "../space/session-space.js";
import type { Store, StoredValue, WriteOptions } from "../store.js";
import { reportEmpty } from "./empty-store.js";
import { SessionList } from "./session-list.js";
import { readRecords, storedRecords } from "./stored-record.js";
import { nameKeyOf, SessionNames, storedName } from "./session-names.js";

/** Records read per call to the store. */
const LOAD_CHUNK = 500;

const ONE_PLACE_LEFT = "One of the two places of a session's record can't be read; the other one is used";
const LEFT_OUT = "A session's record can't be read; the session is left out";

/** Options of {@link SessionRecords}. */
export interface SessionRecordsOptions {
  /** Gets a line for each record that can't be read. Default: silent. */
  readonly logger?: Pick<Logger, "info" | "warn" | "error">;
}

/** Some of the sessions, as {@link SessionRecords.loadSome} found them. */
export interface LoadedSessions {
  readonly records: readonly SessionRecord[];
  /** Ids of those that are being deleted. */
  readonly deleting: readonly string[];
  /** Ids of those that are in {@link SessionRecords.unreadable} now. */
  readonly unreadable: readonly string[];
}

/** Who runs a session that is stored. */
export interface RunBy {
  /** The record that says so, from what is stored. Left out: whoever owns the store. */
  readonly by?:
    ((id: string, stored: ReadonlyMap<string, StoredValue>) => readonly [string, unknown]) | undefined;
}

/**
 * The durable side of creating, changing and deleting sessions. A deletion has two steps: `markDeleted` makes it final, `remove`
 * deletes the data. `pendingDeletions` lists sessions between the two, after a crash for example.
 *
 * @example
 * const records = new SessionRecords(store);
 * await records.insert(record);
 * await records.update({ ...record, phoneNumber: "+5511999990001" });
 * await records.remove(record.id);
 */
export class SessionRecords {
  readonly #store: Store;
  readonly #sessions: SessionList;
  readonly #names: SessionNames;
  readonly #logger: Pick<Logger, "info" | "warn" | "error"> | undefined;
  /** The generation of each record that was last read or written. */
  readonly #generations = new Map<string, number>();
  /** Sessions that are being deleted. */
  readonly #deleting = new Set<string>();
  /** Those of them of which nothing is to be kept. */
  readonly #erasing = new Set<string>();
  readonly #unreadable = new Set<string>();

  constructor(store: Store, options: SessionRecordsOptions = {}) {
    this.#store = store;
    this.#sessions = new SessionList(store);
    this.#names = new SessionNames(store, this.#sessions);
    this.#logger = options.logger;
  }

  /** Listed sessions whose records {@link load} could not read. They can be removed. */
  get unreadable(): ReadonlySet<string> {
    return this.#unreadable;
  }

  /**
   * All sessions, in no particular order. A session whose record, or part of the session list, can't be read in either generation
   * is logged, left out, and stays in the store. Rejects with `STORE_UNAVAILABLE`.
   */
  async load(): Promise<SessionRecord[]> {
    const { live, deleting, erasing, damaged } = await this.#sessions.readableIds();
    for (const shard of damaged)
      this.#logger?.error(
        { shard },
        "A part of the session list can't be read; its sessions are left out. Restore the store from a backup",
      );
    for (const id of deleting) this.#deleting.add(id);
    for (const id of erasing) this.#erasing.add(id);
    const records: SessionRecord[] = [];
    for (let start = 0; start < live.length; start += LOAD_CHUNK) {
      records.push(...(await this.#loadSome(live.slice(start, start + LOAD_CHUNK))));
    }
    await this.#names.complete(records);
    if (live.length + deleting.length + damaged.length === 0) await reportEmpty(this.#store, this.#logger);
    return records;
  }

  /**
   * Stores and lists a new session, with its name, in one batch. Settles when it is durable. Rejects with `SESSION_NAME_TAKEN` when
   * the store has a session of this name, whichever process made it, with `INVALID_INPUT` while a session with this id is being
   * deleted, with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when its part of the session list can't be read. Settles with the texts that
   * were written.
   */
  async insert(record: SessionRecord, run: RunBy = {}): Promise<readonly Change[]> {
    if (this.#deleting.has(record.id))
      throw new ZpwootError("INVALID_INPUT", "A session with this id is being deleted");
    this.#generations.set(record.id, 1);
    const stored = generationEntries(recordKey(record.id), 1, record);
    const { by } = run;
    return this.#sessions.add(record.id, {
      keys: [nameKeyOf(record), ...(by === undefined ? [] : [holderKey(record.id)])],
      entries: async (found) =>
        new Map<string, unknown>([
          await this.#names.claim(record, found),
          ...(by === undefined ? [] : [by(record.id, found)]),
          ...stored,
        ]),
    });
  }

  /**
   * Replaces a session's record; calls for one session keep their order. Settles when it is durable. Rejects with
   * `SESSION_NOT_FOUND` when the session was not loaded or inserted here or is being deleted, with `STORE_UNAVAILABLE`.
   */
  async update(record: SessionRecord, options?: WriteOptions): Promise<void> {
    await this.#store.write(record.id, this.updated(record), options);
  }

  /** What {@link update} would write, for a batch that is asked for now. Throws as that rejects. */
  updated(record: SessionRecord): ReadonlyMap<string, unknown> {
    const generation = this.#generations.get(record.id);
    if (generation === undefined || this.#deleting.has(record.id)) {
      throw new ZpwootError("SESSION_NOT_FOUND", "The session to update does not exist");
    }
    // Counted even if the write fails: a gap is harmless, the same number twice may not be.
    this.#generations.set(record.id, generation + 1);
    return new Map(generationEntries(recordKey(record.id), generation + 1, record));
  }

  /**
   * The first step of a deletion: once it settles, `load` never returns the session again. May be repeated. `erase`: nothing of it is to
   * be kept, see {@link erases}.
   */
  async markDeleted(id: string, { erase = false }: { readonly erase?: boolean } = {}): Promise<void> {
    await this.#sessions.markDeleted(id, { erase });
    this.#deleting.add(id);
    if (erase) this.#erasing.add(id);
  }

  /** Ids of sessions whose deletion is not finished. */
  async pendingDeletions(): Promise<string[]> {
    const { deleting, erasing } = await this.#sessions.readableIds();
    for (const id of erasing) this.#erasing.add(id);
    return [...deleting];
  }

  /** Whether nothing is to be kept of a session that is being deleted: it was said once, perhaps before a crash. */
  erases(id: string): boolean {
    return this.#erasing.has(id);
  }

  /**
   * Deletes everything that is stored for a session: its keys, then its record, its name and the mark of its deletion. Sets that first if
   * there is none. Repeat it until it resolves.
   */
  async remove(id: string): Promise<void> {
    if (!this.#deleting.has(id)) await this.markDeleted(id);
    await destroySpace(this.#store, id);
    const session = await storedName(this.#store, id);
    const own = [...generationKeys(recordKey(id)), holderKey(id)].map((key) => [key, null] as const);
    await this.#sessions.remove(id, {
      keys: session === undefined ? [] : [nameKeyOf(session)],
      entries: (found) =>
        new Map([...own, ...(session === undefined ? [] : this.#names.release(session, found))]),
    });
    this.forget(id);
  }

  /**
   * Those of the sessions that exist, as {@link load} returns them, and those that are being deleted. For a node of a cluster, which runs
   * some. Rejects with `STORE_UNAVAILABLE`.
   */
  async loadSome(ids: readonly string[]): Promise<LoadedSessions> {
    const all = await this.#sessions.readableIds(ids);
    const [live, pending, erasing] = [all.live, all.deleting, all.erasing].map((some) => new Set(some));
    const deleting = ids.filter((id) => pending?.has(id));
    for (const id of deleting) {
      this.#deleting.add(id);
      if (erasing?.has(id)) this.#erasing.add(id);
    }
    const records: SessionRecord[] = [];
    const wanted = ids.filter((id) => live?.has(id));
    for (let start = 0; start < wanted.length; start += LOAD_CHUNK)
      records.push(...(await this.#loadSome(wanted.slice(start, start + LOAD_CHUNK))));
    await this.#names.complete(records);
    return { records, deleting, unreadable: wanted.filter((id) => this.#unreadable.has(id)) };
  }

  /**
   * The records of all sessions, to look at: for a node of a cluster, which does not run them. Those that can't be read are left out. Rejects
   * with `STORE_UNAVAILABLE`.
   */
  async look(): Promise<readonly SessionRecord[]> {
    const { live } = await this.#sessions.readableIds();
    return [...(await storedRecords(this.#store, live)).values()];
  }

  /** The id of the session that has a name; undefined when none has it. Rejects with `STORE_UNAVAILABLE`. */
  idOfName(name: string): Promise<string | undefined> {
    return this.#names.idOf(name);
  }

  /** Whether a session is stored and not being deleted. Rejects with `STORE_UNAVAILABLE`. */
  has(id: string): Promise<boolean> {
    return this.#sessions.has(id);
  }

  /** Forgets what is in memory of a session, because another node runs it. */
  forget(id: string): void {
    this.#generations.delete(id);
    this.#deleting.delete(id);
    this.#erasing.delete(id);
    this.#unreadable.delete(id);
  }

  /** Number of keys of a session by family (`pre-key`, `session`, `outbox`…). */
  countKeys(id: string): Promise<ReadonlyMap<string, number>> {
    return sessionSpace(this.#store, id).counts();
  }

  async #loadSome(ids: readonly string[]): Promise<SessionRecord[]> {
    const read = await readRecords(this.#store, ids);
    for (const [id, { number, damaged, error }] of read) {
      if (number !== undefined) this.#generations.set(id, number);
      if (damaged) this.#logger?.warn({ sessionId: id }, ONE_PLACE_LEFT);
      if (error === undefined) continue;
      this.#unreadable.add(id);
      this.#logger?.error({ sessionId: id, error: messageOf(error) }, LEFT_OUT);
    }
    return [...read.values()].flatMap(({ record }) => record ?? []);
  }
}
