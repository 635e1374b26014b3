/** The store port: durable key-value records under the whole engine. */
import { registryKey } from "./keys.js";

/** A record that exists: its value, or the `STORE_CORRUPT` error that says it can't be read. */
export type StoredValue =
  | { readonly value: unknown; readonly corrupt?: undefined }
  | { readonly value?: undefined; readonly corrupt: Error };

/** Durable key-value records under the whole engine: one per process, whatever the number of sessions. */
export interface Store {
  /** The kind and place, without credentials: `lmdb:./.zpwoot`, `memory:`, `postgres://host/db`. */
  readonly description: string;
  /**
   * Makes the store ready (file, table, sentinel record). Idempotent; rejects with `STORE_UNAVAILABLE` and may be
   * called again later.
   */
  open(): Promise<void>;
  /**
   * The values of those keys that exist; a key not in the map is proved absent. Rejects with `STORE_UNAVAILABLE` when
   * that can't be known, with `STORE_CORRUPT` when a record is there and can't be read.
   */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Like `read`, but a record that can't be read stands in its place instead of failing the call. Rejects with
   * `STORE_UNAVAILABLE` only.
   */
  readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries as one atomic, durable batch; `null` deletes. Values may hold Buffers. Writes of one scope (a
   * session id) keep their order. Values are serialised before the call returns, so later mutation does no harm.
   * Rejects with `STORE_UNAVAILABLE` after bounded retries.
   */
  write(scope: string, entries: ReadonlyMap<string, unknown>): Promise<void>;
  /** Waits for pending writes (bounded), then releases what the store owns. Idempotent. */
  close(): Promise<void>;
}

/** Reads one small record: says soon whether the store answers, where a write would go on trying. */
export async function reachable(store: Store): Promise<void> {
  await store.read([registryKey(0)]);
}
