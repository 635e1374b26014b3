/** One family of a session's keys, for a component that stores records of its own there. */
import type { Store } from "../store.js";
import { sessionSpace } from "./session-space.js";

/** One family of a session's stored keys; key names are relative to it. */
export interface KeySpace {
  /** The values of those keys that exist. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when one can't be read. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Writes all entries as one atomic, durable batch; `null` deletes. Rejects with `STORE_UNAVAILABLE`. */
  write(entries: ReadonlyMap<string, unknown>): Promise<void>;
}

/** One family of a session's space. */
export function familySpace(store: Store, sessionId: string, family: string): KeySpace {
  const space = sessionSpace(store, sessionId);
  return {
    read: (keys) => space.read(family, keys),
    write: (entries) => space.write([...entries].map(([id, value]) => ({ family, id, value }))),
  };
}
