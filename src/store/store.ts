/** The store as the rest of the engine sees it. */
import type { ZpwootError } from "../errors.js";
import type { Change } from "./drivers/driver.js";
import type { WriteRefusal } from "./drivers/refused-writes.js";
import type { Fence } from "./fence.js";
import { sessionListKey } from "./keys.js";

/** A record that exists: its value, or the `STORE_CORRUPT` error when it can't be read. */
export type StoredValue =
  | { readonly value: unknown; readonly corrupt?: undefined }
  | { readonly value?: undefined; readonly corrupt: Error };

/** The turn of work in the queue of writes of its scope: pass it to {@link Store.write} in place of the scope. */
export interface Turn {
  readonly scope: string;
  /** When it was asked for, by `performance.now`: the time of its writes counts from then. */
  readonly askedAt: number;
}

/**
 * Decides what to write from what is stored: a key that is not in the map is absent. Returns the entries (null deletes), or undefined
 * to write nothing. Called again when another process has changed one of the records in the meantime.
 */
export type Decide<Value> = (
  stored: ReadonlyMap<string, Value>,
) => ReadonlyMap<string, unknown> | undefined | Promise<ReadonlyMap<string, unknown> | undefined>;

/** Options of {@link Store.change}. */
export interface ChangeOptions {
  /** Whether the fence must hold as well. Default false: any process may change the record. */
  readonly fenced?: boolean;
}

/** That a store takes no writes. */
export interface RefusedWrites {
  readonly kind: WriteRefusal;
  /** What a write rejects with. */
  readonly error: ZpwootError;
}

/** Options of {@link Store.write}. */
export interface WriteOptions {
  /**
   * Whether to go on trying while the store is full, as with any other outage. For what must not be lost, and whose writer can wait for
   * somebody to make room: keys of open sessions, queued events. Default false: the write rejects within seconds.
   */
  readonly patient?: boolean;
}

/** Durable key-value records: one store per process, for all sessions. */
export interface Store {
  /** The kind and place, without credentials: `lmdb:./.zpwoot`, `memory:`, `postgres://host/db`. */
  readonly description: string;
  /**
   * Whether the store itself refuses a write whose conditions don't hold, so that several processes may use it. A foreign Keyv adapter
   * can't: what another process writes between the look and the write is lost.
   */
  readonly fences: boolean;
  /** Whether the store was new when this process opened it. */
  readonly begun: boolean;
  /**
   * Why it took no write at the last try, though it answers: it is full, or read-only. An owner tries every three seconds, when it says
   * that it is alive.
   */
  readonly refusal: RefusedWrites | undefined;
  /** Whether what is written is encrypted. */
  readonly encrypts: boolean;
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
   * changes nothing. Rejects with `STORE_UNAVAILABLE` after bounded retries, within seconds while the store is full, with `STOPPED` after
   * `close`, with the fence's error when the fence refuses it.
   */
  write(scope: string | Turn, entries: ReadonlyMap<string, unknown>, options?: WriteOptions): Promise<void>;
  /**
   * Runs work in the scope's queue of writes: after every write and all work of the scope that was asked for before, and before
   * everything that is asked for later. For writes that depend on what is stored: the work passes its turn to `write`, since a
   * write of the scope would wait for the work to end. Settles as the work does; rejects with `STOPPED` after `close`, with
   * `STORE_UNAVAILABLE` when the store can't be opened.
   */
  inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T>;
  /**
   * Compare-and-set, for records that several processes may change: reads the keys, passes their values to `decide`, and writes what it
   * returns as one atomic batch, if all keys are as they were read. Otherwise it reads and decides again. The batch must write one of
   * the keys; further entries go with it. Takes the turn of the scope like `inTurn`. Settles with the raw texts that were written, for
   * use as conditions of a {@link Fence}; empty when nothing was. Rejects as `decide` does, like `read` and `write`, and with
   * `STORE_UNAVAILABLE` when others keep changing the keys.
   */
  change(
    scope: string | Turn,
    keys: readonly string[],
    decide: Decide<unknown>,
    options?: ChangeOptions,
  ): Promise<readonly Change[]>;
  /** Like `change`, but a record that can't be read is passed to `decide` as its error instead of failing the call. */
  changeEach(
    scope: string | Turn,
    keys: readonly string[],
    decide: Decide<StoredValue>,
    options?: ChangeOptions,
  ): Promise<readonly Change[]>;
  /** What every `write` must fulfil from now on, and every `change` that asks for it; undefined: nothing. */
  setFence(fence: Fence | undefined): void;
  /**
   * Settles when no write that was given up can be applied any more: what is read from then on stays, unless this process changes it.
   * At once, while none was given up. Rejects as {@link Fence.givenUp} does.
   */
  noneLate(): Promise<void>;
  /** The keys of all records, in pages, in no order; a key may come twice. Undefined when the adapter can't tell. For rare work. */
  keys(): AsyncIterable<readonly string[]> | undefined;
  /** The time by the store's clock, in milliseconds since 1970. Rejects with `STORE_UNAVAILABLE`, `STOPPED`. */
  now(): Promise<number>;
  /**
   * Waits for pending writes, for ten seconds or so many milliseconds at most; those that are not durable by then reject with
   * `STORE_UNAVAILABLE`. Then releases what the store owns. Idempotent, and final.
   */
  close(timeoutMs?: number): Promise<void>;
}

/**
 * Reads one small record. Rejects within about half a second with `STORE_UNAVAILABLE` when the store refuses connections, or is
 * read-only; a write would go on trying for much longer. One that is full may still take a small write, or a deletion.
 */
export async function reachable(store: Store): Promise<void> {
  await store.read([sessionListKey(0)]);
  if (store.refusal?.kind === "read-only") throw store.refusal.error;
}

/** The values of records that can all be read; throws the error of the first that can't. */
export function readable(stored: ReadonlyMap<string, StoredValue>): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, { value, corrupt }] of stored) {
    if (corrupt !== undefined) throw corrupt;
    values.set(key, value);
  }
  return values;
}
