/** What the keys of one session can be asked for. */
import type { StoredValue, WriteOptions } from "../store.js";

/** One change of a session's keys. */
export interface SpaceEntry {
  /** The kind of key: lower-case letters, digits and `-`. */
  readonly family: string;
  /** Any string. Numbers without leading zeros need least room in the key list. */
  readonly id: string;
  /** Serialised before `write` returns. `null` deletes. */
  readonly value: unknown;
}

/** What a change of a session depends on. */
export interface SpaceCondition {
  readonly family: string;
  readonly ids: readonly string[];
  /** Keys of records that belong to no session, or to another one. Default: none. */
  readonly others?: readonly string[] | undefined;
}

/** What a change writes, as one batch. */
export interface SpaceChange {
  readonly entries: readonly SpaceEntry[];
  /** Records under the keys that were read beside the session's, and further ones that go with them. */
  readonly others?: ReadonlyMap<string, unknown> | undefined;
}

/**
 * Decides by what is stored: the session's records by id, then the others by key; what is not there is absent. Undefined: nothing is
 * written. Called again when another process has changed one of them in the meantime.
 */
export type DecideSpace = (
  found: ReadonlyMap<string, StoredValue>,
  others: ReadonlyMap<string, StoredValue>,
) => SpaceChange | undefined | Promise<SpaceChange | undefined>;

/**
 * The keys of one session.
 *
 * @example
 * const space = sessionSpace(store, sessionId);
 * await space.write([{ family: "outbox", id: "17", value: entry }]);
 * const entries = await space.read("outbox", await space.ids("outbox"));
 */
export interface SessionSpace {
  readonly sessionId: string;
  /** The values of those ids that exist. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when one can't be read. */
  read(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Like `read`, but a record that can't be read is returned as its error instead of failing the call. */
  readEach(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries in one batch with all others of this turn of the event loop. Settles when the batch is durable. Rejects
   * with `STORE_UNAVAILABLE`, with `STORE_CORRUPT` when the key list can't be read, with `ABORTED` once the session is being
   * deleted.
   */
  write(entries: readonly SpaceEntry[], options?: WriteOptions): Promise<void>;
  /**
   * Compare-and-set under the fence: reads what the change depends on, and writes what `decide` makes of it if that is still stored in
   * the moment of the write. One of the records read must be written. Settles with whether something was; rejects as `decide` and
   * {@link write} do. `decide` must not wait for another write of the session.
   */
  change(on: SpaceCondition, decide: DecideSpace): Promise<boolean>;
  /** The ids of a family, in no particular order, without those of more than 120 encoded characters: only their hash is kept. */
  ids(family: string): Promise<readonly string[]>;
  /** Number of keys by family. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /**
   * Deletes all keys of those families, in batches. Keys written in the meantime may be deleted as well. With a condition it ends as
   * soon as one of those records exists: the store itself refuses the batch then.
   */
  deleteFamilies(families: readonly string[], whileAbsent?: SpaceCondition): Promise<void>;
  /**
   * Settles when every write made so far has settled, and none that failed can be applied any more: what is read then stays. Rejects with
   * `STORE_UNAVAILABLE`, or as the store's fence does.
   */
  certain(): Promise<void>;
  /** Forgets the key list kept in memory. Needed after another process may have written to the session. */
  refresh(): Promise<void>;
}
