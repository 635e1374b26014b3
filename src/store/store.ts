/** The store as the rest of the engine sees it. */
import { sessionListKey } from "./keys.js";

/** A record that exists: its value, or the `STORE_CORRUPT` error when it can't be read. */
export type StoredValue =
  | { readonly value: unknown; readonly corrupt?: undefined }
  | { readonly value?: undefined; readonly corrupt: Error };

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
  write(scope: string, entries: ReadonlyMap<string, unknown>): Promise<void>;
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
