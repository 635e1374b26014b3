/** The store as the rest of the engine sees it. */
import { sessionListKey } from "./keys.js";

/** A record that exists: its value, or the `STORE_CORRUPT` error when it can't be read. */
export type StoredValue =
  | { readonly value: unknown; readonly corrupt?: undefined }
  | { readonly value?: undefined; readonly corrupt: Error };

/** The turn of work in the queue of writes of its scope: pass it to {@link Store.write} in place of the scope. */
export interface Turn {
  readonly scope: string;
}

/** Durable key-value records: one store per process, for all sessions. */
export interface Store {
  /** The kind and place, without credentials: `lmdb:./.zpwoot`, `memory:`, `postgres://host/db`. */
  readonly description: string;
  /**
   * Makes the store ready (file, table, sentinel record). Idempotent. Rejects with `STORE_UNAVAILABLE`; may then be called
   * again. Every other call opens the store first.
   */
  open(): Promise<void>;
  /**
   * The values of those keys that exist; a key that is not in the map is proven absent. Rejects with `STORE_UNAVAILABLE` when
   * the store doesn't answer, with `STORE_CORRUPT` when a record exists but can't be read, with `STOPPED` after `close`.
   */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Like `read`, but a record that can't be read is returned as its error instead of failing the call. Rejects with
   * `STORE_UNAVAILABLE` or `STOPPED` only.
   */
  readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries as one atomic batch; `null` deletes. Settles when the batch is durable. Values may contain Buffers.
   * Writes of one scope (a session id) keep their order. Values are serialised before the call returns: changing them later
   * changes nothing. Rejects with `STORE_UNAVAILABLE` after bounded retries, with `STOPPED` after `close`.
   */
  write(scope: string | Turn, entries: ReadonlyMap<string, unknown>): Promise<void>;
  /**
   * Runs work in the scope's queue of writes: after every write and all work of the scope that was asked for before, and before
   * everything that is asked for later. For writes that depend on what is stored: the work passes its turn to `write`, since a
   * write of the scope would wait for the work to end. Settles as the work does; rejects with `STOPPED` after `close`, with
   * `STORE_UNAVAILABLE` when the store can't be opened.
   */
  inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T>;
  /** Waits for pending writes (bounded), then releases what the store owns. Idempotent, and final. */
  close(): Promise<void>;
}

/**
 * Reads one small record. Rejects within about half a second with `STORE_UNAVAILABLE` when the store refuses connections; a
 * write would go on trying for much longer.
 */
export async function reachable(store: Store): Promise<void> {
  await store.read([sessionListKey(0)]);
}
