/**
 * One family of a session's keys, for a component that stores records of its own there. A key space has no queue: its writes are
 * in the session's scope of the store's write queue (docs/decisions/0009-one-queue-per-session.md).
 */
import type { Store } from "../store.js";
import { sessionSpace } from "./session-space.js";

/** One family of a session's stored keys. Names of keys are relative to the family. */
export interface KeySpace {
  /** The values of those keys that exist. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when one can't be read. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Writes all entries as one atomic batch, which entries of the session's other families may share; `null` deletes. Settles when
   * it is durable. Rejects with `STORE_UNAVAILABLE`, or with `ABORTED` once the session is being deleted.
   */
  write(entries: ReadonlyMap<string, unknown>): Promise<void>;
}

/** The keys of one family: lower-case letters, digits and `-`. */
export function familySpace(store: Store, sessionId: string, family: string): KeySpace {
  const space = sessionSpace(store, sessionId);
  return {
    read: (keys) => space.read(family, keys),
    write: (entries) => space.write([...entries].map(([id, value]) => ({ family, id, value }))),
  };
}
