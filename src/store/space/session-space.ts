/**
 * The keys of one session. Everything that is stored for a session goes through its space. The space maintains the key list
 * (`key-list.ts`), so that a deletion leaves nothing behind and the keys of each family can be counted.
 *
 * All handles of one session and store share one state: the writes of a session keep their order, and all entries written in the
 * same turn of the event loop are one atomic batch.
 */
import { setImmediate } from "node:timers/promises";
import { ZpwootError } from "../../errors.js";
import { encode } from "../codec.js";
import { checkedFamily, decodeIdPart, encodeIdPart, spaceKey, spaceKeyOfPart } from "../keys.js";
import type { Store, StoredValue, Turn, WriteOptions } from "../store.js";
import { KeyList, type SpaceAddress } from "./key-list.js";

/** One change of a session's keys. */
export interface SpaceEntry {
  /** The kind of key: lower-case letters, digits and `-`. */
  readonly family: string;
  /** Any string. Numbers without leading zeros need least room in the key list. */
  readonly id: string;
  /** Serialised before `write` returns. `null` deletes. */
  readonly value: unknown;
}

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
  /** The ids of a family, in no particular order, without those of more than 120 encoded characters: only their hash is kept. */
  ids(family: string): Promise<readonly string[]>;
  /** Number of keys by family. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Deletes all keys of those families, in batches. Keys written in the meantime may be deleted as well. */
  deleteFamilies(families: readonly string[]): Promise<void>;
  /** Settles when every write made so far has settled. Never rejects. */
  settled(): Promise<void>;
  /** Forgets the key list kept in memory. Needed after another process may have written to the session. */
  refresh(): Promise<void>;
}

/** The space of a session. Cheap: every call returns the same object. */
export function sessionSpace(store: Store, sessionId: string): SessionSpace {
  return spaceState(store, sessionId);
}

/** Refuses later writes of a session, waits for those under way, then deletes all of its keys. May be repeated. */
export async function destroySpace(store: Store, sessionId: string): Promise<void> {
  await spaceState(store, sessionId).destroy();
  spaces.get(store)?.delete(sessionId);
}

/**
 * Runs the work with the names of all stored records of a session, its key list included. No other write of the session runs at
 * the same time: the work passes its turn to `Store.write`.
 */
export function withAllKeys<T>(
  store: Store,
  sessionId: string,
  work: (keys: readonly string[], turn: Turn) => Promise<T>,
): Promise<T> {
  return spaceState(store, sessionId).withAllKeys(work);
}

/** Deletions per batch: bounded, so that a large session does not block the others. */
const DELETE_CHUNK = 1_000;

/** Characters that one session may have waiting behind its batch in flight: memory stays bounded during an outage. */
const MAX_PENDING_CHARS = 16_000_000;

/** Memory of an entry beside its text, about, in characters. */
const ENTRY_CHARS = 100;

const spaces = new WeakMap<Store, Map<string, SpaceState>>();

function spaceState(store: Store, sessionId: string): SpaceState {
  const ofStore = spaces.get(store) ?? new Map<string, SpaceState>();
  spaces.set(store, ofStore);
  const state = ofStore.get(sessionId) ?? new SpaceState(store, sessionId);
  ofStore.set(sessionId, state);
  return state;
}

/** Changes that wait for the next batch, by key. */
type Pending = Map<string, SpaceAddress & { readonly value: unknown }>;

class SpaceState implements SessionSpace {
  readonly sessionId: string;
  readonly #store: Store;
  readonly #keyList: KeyList;
  #pending: Pending = new Map();
  #pendingChars = 0;
  #pendingPatient = false;
  /** Settles with the batch that will contain the pending changes. */
  #nextFlush: Promise<void> | undefined;
  /** The newest use of the key list; never rejects. */
  #lastTurn: Promise<unknown> = Promise.resolve();
  #deleting = false;

  constructor(store: Store, sessionId: string) {
    this.sessionId = sessionId;
    this.#store = store;
    this.#keyList = new KeyList(store, sessionId);
  }

  async read(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const values = new Map<string, unknown>();
    for (const [id, found] of await this.readEach(family, ids)) {
      if (found.corrupt !== undefined) throw found.corrupt;
      values.set(id, found.value);
    }
    return values;
  }

  async readEach(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredValue>> {
    const keys = new Map(ids.map((id) => [spaceKey(this.sessionId, checkedFamily(family), id), id]));
    const stored = await this.#store.readEach([...keys.keys()]);
    return new Map([...stored].map(([key, found]) => [keys.get(key) as string, found]));
  }

  write(entries: readonly SpaceEntry[], { patient = false }: WriteOptions = {}): Promise<void> {
    if (this.#deleting) return Promise.reject(new ZpwootError("ABORTED", "The session is being deleted"));
    const changes = entries.map(({ family, id, value }) => ({
      family: checkedFamily(family),
      idPart: encodeIdPart(id),
      value: value === null ? null : encode(value),
    }));
    const size = changes.reduce((sum, { value }) => sum + ENTRY_CHARS + (value?.text.length ?? 0), 0);
    if (this.#pendingChars > 0 && this.#pendingChars + size > MAX_PENDING_CHARS)
      return Promise.reject(new ZpwootError("STORE_UNAVAILABLE", "The session has too many writes waiting"));
    this.#pendingChars += size;
    this.#pendingPatient ||= patient;
    for (const change of changes)
      this.#pending.set(spaceKeyOfPart(this.sessionId, change.family, change.idPart), change);
    this.#nextFlush ??= this.#inTurn(async (turn) => {
      // Entries written later in this turn of the event loop join the batch.
      await setImmediate();
      await this.#flush(turn);
    });
    return this.#nextFlush;
  }

  async ids(family: string): Promise<readonly string[]> {
    const addresses = await this.#inTurn(() => this.#keyList.list([family]));
    return addresses.map(({ idPart }) => decodeIdPart(idPart)).filter((id) => id !== undefined);
  }

  counts(): Promise<ReadonlyMap<string, number>> {
    return this.#inTurn(() => this.#keyList.counts());
  }

  deleteFamilies(families: readonly string[]): Promise<void> {
    return this.#inTurn((turn) => this.#deleteListed(turn, families));
  }

  async settled(): Promise<void> {
    await this.#lastTurn;
  }

  refresh(): Promise<void> {
    return this.#inTurn(async () => this.#keyList.forget());
  }

  withAllKeys<T>(work: (keys: readonly string[], turn: Turn) => Promise<T>): Promise<T> {
    return this.#inTurn(async (turn) => {
      this.#keyList.forget();
      const addresses = await this.#keyList.list();
      const keys = addresses.map(({ family, idPart }) => spaceKeyOfPart(this.sessionId, family, idPart));
      return work([...keys, ...(await this.#keyList.ownKeys())], turn);
    });
  }

  async destroy(): Promise<void> {
    this.#deleting = true;
    await this.#inTurn(async (turn) => {
      this.#keyList.forget();
      await this.#deleteListed(turn);
      const own = await this.#keyList.ownKeys();
      await this.#store.write(turn, new Map(own.map((key) => [key, null])));
      this.#keyList.forget();
    });
  }

  /** In the queue that the store keeps per session: the key list must not be read or changed by two at once. */
  #inTurn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const result = this.#store.inTurn(this.sessionId, work);
    this.#lastTurn = result.catch(() => {});
    return result;
  }

  async #flush(turn: Turn): Promise<void> {
    const [pending, patient] = [this.#pending, this.#pendingPatient];
    this.#pending = new Map();
    this.#pendingPatient = false;
    this.#pendingChars = 0;
    this.#nextFlush = undefined;
    const addresses = [...pending.values()];
    await this.#commit(
      turn,
      addresses.filter(({ value }) => value !== null),
      addresses.filter(({ value }) => value === null),
      new Map([...pending].map(([key, { value }]) => [key, value])),
      { patient },
    );
  }

  async #commit(
    turn: Turn,
    written: readonly SpaceAddress[],
    deletions: readonly SpaceAddress[],
    values: ReadonlyMap<string, unknown>,
    options?: WriteOptions,
  ): Promise<void> {
    try {
      const listed = await this.#keyList.change(written, deletions);
      await this.#store.write(turn, new Map([...values, ...listed]), options);
    } catch (error) {
      // What is stored now is unknown: the next call asks the store.
      this.#keyList.forget();
      throw error;
    }
  }

  async #deleteListed(turn: Turn, families?: readonly string[]): Promise<void> {
    const all = await this.#keyList.list(families);
    for (let start = 0; start < all.length; start += DELETE_CHUNK) {
      const chunk = all.slice(start, start + DELETE_CHUNK);
      const keys = chunk.map(({ family, idPart }) => spaceKeyOfPart(this.sessionId, family, idPart));
      await this.#commit(turn, [], chunk, new Map(keys.map((key) => [key, null])));
    }
  }
}
