/**
 * One family of a session's keys, for a component that stores records of its own there. A key space has no queue: its writes are
 * in the session's scope of the store's write queue (docs/decisions/0009-one-queue-per-session.md).
 */
import type { Store, StoredValue } from "../store.js";
import { sessionSpace, type SpaceEntry } from "./session-space.js";

/** One family of a session's stored keys. Names of keys are relative to the family. */
export interface KeySpace {
  /** Those keys that exist, each with its value, or with its error when it can't be read. Rejects with `STORE_UNAVAILABLE`. */
  readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries as one atomic batch, which entries of the session's other families may share; `null` deletes. Settles when
   * it is durable; patient with a full store. Rejects with `STORE_UNAVAILABLE`, or with `ABORTED` once the session is being deleted.
   * `along` are entries of other families that are stored with them, or not at all.
   */
  write(entries: ReadonlyMap<string, unknown>, along?: readonly SpaceEntry[]): Promise<void>;
  /** Entries of this family as those that go along with the write of another one. */
  placed(entries: ReadonlyMap<string, unknown>): readonly SpaceEntry[];
  /** All keys that exist, in no order. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when the key list can't be read. */
  keys(): Promise<readonly string[]>;
  /** Settles when no write of the session that has failed can be applied any more. Rejects with `STORE_UNAVAILABLE`. */
  certain(): Promise<void>;
  /** Deletes all keys that exist now. Rejects as {@link keys} does and may then be called again. */
  clear(): Promise<void>;
}

/** The keys of one family: lower-case letters, digits and `-`. */
export function familySpace(store: Store, sessionId: string, family: string): KeySpace {
  const space = sessionSpace(store, sessionId);
  const placed = (entries: ReadonlyMap<string, unknown>): readonly SpaceEntry[] =>
    [...entries].map(([id, value]) => ({ family, id, value }));
  return {
    readEach: (keys) => space.readEach(family, keys),
    write: (entries, along = []) => space.write([...placed(entries), ...along], { patient: true }),
    placed,
    keys: () => space.ids(family),
    certain: () => space.certain(),
    clear: () => space.deleteFamilies([family]),
  };
}

/** Gives what is to be stored in the same batch, in the turn in which the batch is handed to the store. */
export type Along = () => readonly SpaceEntry[];

/** The values of those keys that exist and can be read: one damaged record must not hide the others. */
export async function readableOf(
  space: KeySpace,
  keys: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  const readable = new Map<string, unknown>();
  if (keys.length === 0) return readable;
  for (const [key, { value, corrupt }] of await space.readEach(keys))
    if (corrupt === undefined) readable.set(key, value);
  return readable;
}

/** The numbers `n` of the keys `<prefix><n>`, ascending. */
export function numbersIn(keys: readonly string[], prefix: string): readonly number[] {
  return keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => Number(key.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number) && number >= 0)
    .sort((a, b) => a - b);
}
