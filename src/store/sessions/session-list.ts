/** The list of all sessions, split into shards, so that creating a session rewrites a small part of it. */
import { createHash } from "node:crypto";
import { isZpwootError } from "../../errors.js";
import type { Change } from "../drivers/driver.js";
import { type Generation, generationEntries, generationKeys, newestGeneration } from "../generations.js";
import { sessionListKey } from "../keys.js";
import type { Store, StoredValue } from "../store.js";

/** Number of shards. Part of the layout: changing it needs a migration. */
export const SHARDS = 64;

/** One shard of the list. */
interface Shard {
  readonly ids: readonly string[];
  /** Sessions whose deletion has started and may not be finished. */
  readonly deleting: readonly string[];
  /** Those of them of which nothing is to be kept. */
  readonly erasing?: readonly string[];
}

/** Ids of sessions. */
export interface SessionIds {
  readonly live: readonly string[];
  readonly deleting: readonly string[];
  /** Those that are being deleted of which nothing is to be kept. */
  readonly erasing: readonly string[];
}

/** What changes in one batch with the list. */
export interface Along {
  /** Read with the list. The batch is made again when one of them has changed in the meantime. */
  readonly keys: readonly string[];
  /** What to write, from what is stored under the keys. Rejects to change nothing. */
  readonly entries: (
    stored: ReadonlyMap<string, StoredValue>,
  ) => ReadonlyMap<string, unknown> | Promise<ReadonlyMap<string, unknown>>;
}

const NOTHING: Along = { keys: [], entries: () => new Map() };

const EMPTY: Shard = { ids: [], deleting: [] };

/** The number of the shard that lists a session. */
export function shardOf(sessionId: string): number {
  return createHash("sha256").update(sessionId).digest().readUInt16BE(0) % SHARDS;
}

/** The keys of all shards, both generations of each. */
export function sessionListKeys(): readonly string[] {
  return shards().flatMap((shard) => generationKeys(sessionListKey(shard)));
}

/** Whether a stored value is a readable shard. */
export function isShard(stored: unknown): boolean {
  try {
    shardIn((stored as { readonly value: unknown }).value);
    return true;
  } catch {
    return false;
  }
}

/** Reads and changes the list. Two processes may change one shard at once: each change is made from what the other one left. */
export class SessionList {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All ids. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when a shard can't be read. */
  async ids(): Promise<SessionIds> {
    const stored = await this.#store.readEach(sessionListKeys());
    const found = shards().map((shard) => newestShard(shard, stored)?.value ?? EMPTY);
    return idsIn(found);
  }

  /**
   * Like {@link ids}, but shards that can't be read are left out, and their numbers returned. `near`: only shards that may list these
   * sessions are read. Rejects with `STORE_UNAVAILABLE`.
   */
  async readableIds(near?: readonly string[]): Promise<SessionIds & { readonly damaged: readonly number[] }> {
    const wanted = near === undefined ? shards() : [...new Set(near.map(shardOf))];
    const stored = await this.#store.readEach(
      wanted.flatMap((shard) => generationKeys(sessionListKey(shard))),
    );
    const damaged: number[] = [];
    const found = wanted.map((number) => {
      try {
        return newestShard(number, stored)?.value ?? EMPTY;
      } catch (error) {
        if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
        damaged.push(number);
        return EMPTY;
      }
    });
    return { ...idsIn(found), damaged };
  }

  /** Whether a session is listed and not being deleted. True as well when its shard can't be read. */
  async has(id: string): Promise<boolean> {
    const number = shardOf(id);
    const stored = await this.#store.readEach(generationKeys(sessionListKey(number)));
    try {
      return newestShard(number, stored)?.value.ids.includes(id) ?? false;
    } catch (error) {
      if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
      return true;
    }
  }

  /** Lists a session, in one batch with what goes along. Settles with the texts that were written. */
  add(id: string, along = NOTHING): Promise<readonly Change[]> {
    return this.#change(id, along, (shard) => ({ ...shard, ids: [...without(shard.ids, id), id] }));
  }

  /** Replaces a session by the mark of its deletion; of which nothing is to be kept, if it says so once. */
  async markDeleted(id: string, { erase }: { readonly erase: boolean }): Promise<void> {
    await this.#change(id, NOTHING, ({ ids, deleting, erasing = [] }) => ({
      ids: without(ids, id),
      deleting: [...without(deleting, id), id],
      ...withErasing(erase ? [...without(erasing, id), id] : erasing),
    }));
  }

  /** Removes a session and the mark of its deletion, in one batch with what goes along. */
  async remove(id: string, along = NOTHING): Promise<void> {
    await this.#change(id, along, ({ ids, deleting, erasing = [] }) => ({
      ids: without(ids, id),
      deleting: without(deleting, id),
      ...withErasing(without(erasing, id)),
    }));
  }

  /** Compare-and-set, under the fence. */
  async #change(
    id: string,
    { keys, entries }: Along,
    next: (shard: Shard) => Shard,
  ): Promise<readonly Change[]> {
    const number = shardOf(id);
    const key = sessionListKey(number);
    return this.#store.changeEach(
      key,
      [...generationKeys(key), ...keys],
      async (stored) =>
        new Map<string, unknown>([...(await entries(stored)), ...changedShard(number, stored, next)]),
      { fenced: true },
    );
  }
}

function changedShard(
  number: number,
  stored: ReadonlyMap<string, StoredValue>,
  next: (shard: Shard) => Shard,
): readonly (readonly [string, unknown])[] {
  const key = sessionListKey(number);
  const newest = newestShard(number, stored);
  const shard = next(newest?.value ?? EMPTY);
  // An empty shard has no record: deleting the last session leaves the store as it was.
  return shard.ids.length === 0 && shard.deleting.length === 0
    ? generationKeys(key).map((old) => [old, null] as const)
    : generationEntries(key, (newest?.number ?? 0) + 1, shard);
}

function shards(): readonly number[] {
  return Array.from({ length: SHARDS }, (_, shard) => shard);
}

function newestShard(
  number: number,
  stored: ReadonlyMap<string, StoredValue>,
): Generation<Shard> | undefined {
  return newestGeneration(sessionListKey(number), stored, shardIn);
}

/** Throws for a value that is not a shard. */
function shardIn(value: unknown): Shard {
  const { ids, deleting, erasing = [] } = value as Shard;
  if (!areIds(ids) || !areIds(deleting) || !areIds(erasing))
    throw new TypeError("A part of the session list is of an unexpected form");
  return { ids, deleting, ...withErasing(erasing) };
}

/** Nearly always empty, and left out then. */
function withErasing(erasing: readonly string[]): Pick<Shard, "erasing"> {
  return erasing.length === 0 ? {} : { erasing };
}

function idsIn(shards: readonly Shard[]): SessionIds {
  return {
    live: shards.flatMap(({ ids }) => ids),
    deleting: shards.flatMap(({ deleting }) => deleting),
    erasing: shards.flatMap(({ erasing = [] }) => erasing),
  };
}

function areIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function without(ids: readonly string[], id: string): readonly string[] {
  return ids.filter((other) => other !== id);
}
