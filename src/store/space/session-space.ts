/**
 * The keys of one session. Whatever is stored under a session goes through its space, which keeps the list of its keys
 * (`manifest.ts`), so that deleting the session leaves nothing and the keys of each family can be counted.
 *
 *     const space = sessionSpace(store, sessionId);
 *     await space.write([{ family: "outbox", id: "17", value: entry }]);
 *     const entries = await space.read("outbox", await space.ids("outbox"));
 *
 * All handles of one session and store share one state: writes of a session keep their order, whoever makes them, and what
 * is written in the same turn of the event loop is one atomic batch.
 */
import { setImmediate } from "node:timers/promises";
import { ZpwootError } from "../../errors.js";
import type { Store, StoredValue } from "../store.js";
import { encode } from "../codec.js";
import { decodeIdPart, encodeIdPart, spaceKey, spaceKeyOfPart } from "../keys.js";
import { KeyList, type SpaceAddress } from "./key-list.js";
import { rewriteKeys } from "./rewrite.js";

/** One change of a session's keys. */
export interface SpaceEntry {
  /** A kind of key: lower-case letters, digits and `-`. */
  readonly family: string;
  /** Any string. Numbers without leading zeros are listed most compactly. */
  readonly id: string;
  /** Serialised before `write` returns. `null` deletes. */
  readonly value: unknown;
}

/** The keys of one session. */
export interface SessionSpace {
  readonly sessionId: string;
  /** The values of those ids that exist. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` if one can't be read. */
  read(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** Like `read`, but a record that can't be read stands in its place instead of failing the call. */
  readEach(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries, and all others of this turn of the event loop, as one batch. Settles when it is durable. Rejects
   * with `STORE_UNAVAILABLE`, or with `ABORTED` once the session is being deleted.
   */
  write(entries: readonly SpaceEntry[]): Promise<void>;
  /** The ids of a family, in no order. Ids of more than 120 encoded characters are not told. */
  ids(family: string): Promise<readonly string[]>;
  /** How many keys there are of each family. */
  counts(): Promise<ReadonlyMap<string, number>>;
  /** Deletes all keys of those families, in batches; what is written meanwhile to them may go too. */
  deleteFamilies(families: readonly string[]): Promise<void>;
  /** Settles when every write begun so far has settled. Never rejects. */
  settled(): Promise<void>;
  /** Drops what is kept in memory, after somebody else (another process, an import) may have written. */
  refresh(): Promise<void>;
}

/** The space of a session. Cheap; every call gives the same state. */
export function sessionSpace(store: Store, sessionId: string): SessionSpace {
  return spaceState(store, sessionId);
}

/** Refuses every later write of a session, waits for those under way, then deletes all of its keys. Repeatable. */
export async function destroySpace(store: Store, sessionId: string): Promise<void> {
  await spaceState(store, sessionId).destroy();
  spaces.get(store)?.delete(sessionId);
}

/** Writes every key of a session anew as it is (sealed with the newest key), between its other writes. Gives their number. */
export function rewriteSpace(store: Store, sessionId: string): Promise<number> {
  return spaceState(store, sessionId).rewrite();
}

/** Deletions per batch: bounded, so that a big session does not hold the others up. */
const DELETE_CHUNK = 1_000;

/** Characters of one session that may wait for its batch in flight: an outage must not eat the memory. */
const MAX_PENDING_CHARS = 16_000_000;

/** What an entry costs beside its text, about. */
const ENTRY_CHARS = 100;

const FAMILY = /^[a-z][a-z0-9-]{0,39}$/;

const spaces = new WeakMap<Store, Map<string, SpaceState>>();

function spaceState(store: Store, sessionId: string): SpaceState {
  const ofStore = spaces.get(store) ?? new Map<string, SpaceState>();
  spaces.set(store, ofStore);
  const state = ofStore.get(sessionId) ?? new SpaceState(store, sessionId);
  ofStore.set(sessionId, state);
  return state;
}

/** The value of a key by family and encoded id, before it is in the store. */
type Pending = Map<string, SpaceAddress & { readonly value: unknown }>;

class SpaceState implements SessionSpace {
  readonly sessionId: string;
  readonly #store: Store;
  readonly #manifest: KeyList;
  #pending: Pending = new Map();
  #pendingChars = 0;
  /** Settles with the batch that will take what is pending. */
  #nextFlush: Promise<void> | undefined;
  /** The last thing that uses the manifest; never rejects. */
  #tail: Promise<void> = Promise.resolve();
  #retired = false;

  constructor(store: Store, sessionId: string) {
    this.sessionId = sessionId;
    this.#store = store;
    this.#manifest = new KeyList(store, sessionId);
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
    const keys = new Map(ids.map((id) => [spaceKey(this.sessionId, checked(family), id), id]));
    const stored = await this.#store.readEach([...keys.keys()]);
    return new Map([...stored].map(([key, found]) => [keys.get(key) as string, found]));
  }

  write(entries: readonly SpaceEntry[]): Promise<void> {
    if (this.#retired) return Promise.reject(deleted());
    const changes = entries.map(({ family, id, value }) => ({
      family: checked(family),
      idPart: encodeIdPart(id),
      value: value === null ? null : encode(value),
    }));
    const size = changes.reduce((sum, { value }) => sum + ENTRY_CHARS + (value?.text.length ?? 0), 0);
    if (this.#pendingChars > 0 && this.#pendingChars + size > MAX_PENDING_CHARS)
      return Promise.reject(tooMuchPending());
    this.#pendingChars += size;
    for (const change of changes)
      this.#pending.set(spaceKeyOfPart(this.sessionId, change.family, change.idPart), change);
    this.#nextFlush ??= this.#inTurn(async () => {
      // Lets the rest of this turn of the event loop into the same batch.
      await setImmediate();
      await this.#flush();
    });
    return this.#nextFlush;
  }

  async ids(family: string): Promise<readonly string[]> {
    const addresses = await this.#inTurn(() => this.#manifest.list([family]));
    return addresses.map(({ idPart }) => decodeIdPart(idPart)).filter((id) => id !== undefined);
  }

  counts(): Promise<ReadonlyMap<string, number>> {
    return this.#inTurn(() => this.#manifest.counts());
  }

  deleteFamilies(families: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#deleteListed(families));
  }

  async settled(): Promise<void> {
    await this.#tail;
  }

  refresh(): Promise<void> {
    return this.#inTurn(async () => this.#manifest.forget());
  }

  rewrite(): Promise<number> {
    return this.#inTurn(async () => {
      this.#manifest.forget();
      const addresses = await this.#manifest.list();
      const keys = addresses.map(({ family, idPart }) => spaceKeyOfPart(this.sessionId, family, idPart));
      return rewriteKeys(this.#store, this.sessionId, [...keys, ...(await this.#manifest.ownKeys())]);
    });
  }

  async destroy(): Promise<void> {
    this.#retired = true;
    await this.#inTurn(async () => {
      this.#manifest.forget();
      await this.#deleteListed();
      const own = await this.#manifest.ownKeys();
      await this.#store.write(this.sessionId, new Map(own.map((key) => [key, null])));
      this.#manifest.forget();
    });
  }

  /** Runs after everything that was begun before, whether that worked or not. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = new Map();
    this.#pendingChars = 0;
    this.#nextFlush = undefined;
    const addresses = [...pending.values()];
    await this.#commit(
      addresses.filter(({ value }) => value !== null),
      addresses.filter(({ value }) => value === null),
      new Map([...pending].map(([key, { value }]) => [key, value])),
    );
  }

  async #commit(
    written: readonly SpaceAddress[],
    deletions: readonly SpaceAddress[],
    values: ReadonlyMap<string, unknown>,
  ): Promise<void> {
    try {
      const listed = await this.#manifest.change(written, deletions);
      await this.#store.write(this.sessionId, new Map([...values, ...listed]));
    } catch (error) {
      // Nobody knows what is stored now; the store does.
      this.#manifest.forget();
      throw error;
    }
  }

  async #deleteListed(families?: readonly string[]): Promise<void> {
    const all = await this.#manifest.list(families);
    for (let start = 0; start < all.length; start += DELETE_CHUNK) {
      const chunk = all.slice(start, start + DELETE_CHUNK);
      const keys = chunk.map(({ family, idPart }) => spaceKeyOfPart(this.sessionId, family, idPart));
      await this.#commit([], chunk, new Map(keys.map((key) => [key, null])));
    }
  }
}

function checked(family: string): string {
  if (!FAMILY.test(family)) throw new TypeError(`"${family}" is no family of keys`);
  return family;
}

function tooMuchPending(): ZpwootError {
  return new ZpwootError("STORE_UNAVAILABLE", "The session has too much waiting to be written");
}

function deleted(): ZpwootError {
  return new ZpwootError("ABORTED", "The session is being deleted");
}
