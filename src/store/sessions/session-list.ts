/** The list of all sessions, split into shards, so that creating a session rewrites a small part of it. */
import { createHash } from "node:crypto";
import { isZpwootError } from "../../errors.js";
import { SerialQueue } from "../../async/serial-queue.js";
import { type Generation, generationEntries, generationKeys, newestGeneration } from "../generations.js";
import { sessionListKey } from "../keys.js";
import type { Store, StoredValue } from "../store.js";

/** Number of shards. Part of the layout: changing it needs a migration. */
const SHARDS = 64;

/** One shard of the list. */
interface Shard {
  readonly ids: readonly string[];
  /** Sessions whose deletion has started and may not be finished: their tombstones. */
  readonly deleting: readonly string[];
}

/** Ids of sessions. */
export interface SessionIds {
  readonly live: readonly string[];
  readonly deleting: readonly string[];
}

const EMPTY: Shard = { ids: [], deleting: [] };

/** The number of the shard that lists a session. */
export function shardOf(sessionId: string): number {
  return createHash("sha256").update(sessionId).digest().readUInt16BE(0) % SHARDS;
}

/** The keys of all shards, both generations of each. */
export function sessionListKeys(): readonly string[] {
  return shards().flatMap((shard) => generationKeys(sessionListKey(shard)));
}

/** Reads and changes the list. Changes of one shard run one after the other. */
export class SessionList {
  readonly #store: Store;
  readonly #changes = new Map<number, SerialQueue>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** All ids. Rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when a shard can't be read. */
  async ids(): Promise<SessionIds> {
    const stored = await this.#store.readEach(sessionListKeys());
    const found = shards().map((shard) => newestShard(shard, stored)?.value ?? EMPTY);
    return { live: found.flatMap(({ ids }) => ids), deleting: found.flatMap(({ deleting }) => deleting) };
  }

  /** Like {@link ids}, but shards that can't be read are left out, and their numbers returned. Rejects with `STORE_UNAVAILABLE`. */
  async readableIds(): Promise<SessionIds & { readonly damaged: readonly number[] }> {
    const stored = await this.#store.readEach(sessionListKeys());
    const damaged: number[] = [];
    const found = shards().map((number) => {
      try {
        return newestShard(number, stored)?.value ?? EMPTY;
      } catch (error) {
        if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
        damaged.push(number);
        return EMPTY;
      }
    });
    return {
      live: found.flatMap(({ ids }) => ids),
      deleting: found.flatMap(({ deleting }) => deleting),
      damaged,
    };
  }

  /** Lists a session, in one batch with `entries`. */
  add(id: string, entries: ReadonlyMap<string, unknown>): Promise<void> {
    return this.#change(id, entries, (shard) => ({ ...shard, ids: [...without(shard.ids, id), id] }));
  }

  /** Replaces a session by its tombstone. */
  bury(id: string): Promise<void> {
    return this.#change(id, new Map(), ({ ids, deleting }) => ({
      ids: without(ids, id),
      deleting: [...without(deleting, id), id],
    }));
  }

  /** Removes a session and its tombstone, in one batch with `entries`. */
  remove(id: string, entries: ReadonlyMap<string, unknown>): Promise<void> {
    return this.#change(id, entries, ({ ids, deleting }) => ({
      ids: without(ids, id),
      deleting: without(deleting, id),
    }));
  }

  #change(id: string, entries: ReadonlyMap<string, unknown>, next: (shard: Shard) => Shard): Promise<void> {
    const number = shardOf(id);
    const queue = this.#changes.get(number) ?? new SerialQueue();
    this.#changes.set(number, queue);
    return queue.run(() => this.#rewrite(number, entries, next));
  }

  /** Reads the shard before every change: another process may have added a session. */
  async #rewrite(
    number: number,
    entries: ReadonlyMap<string, unknown>,
    next: (shard: Shard) => Shard,
  ): Promise<void> {
    const key = sessionListKey(number);
    const newest = newestShard(number, await this.#store.readEach(generationKeys(key)));
    const shard = next(newest?.value ?? EMPTY);
    const empty = shard.ids.length === 0 && shard.deleting.length === 0;
    // An empty shard has no record: deleting the last session leaves the store as it was.
    const shardEntries = empty
      ? generationKeys(key).map((old) => [old, null] as const)
      : generationEntries(key, (newest?.number ?? 0) + 1, shard);
    await this.#store.write(key, new Map<string, unknown>([...entries, ...shardEntries]));
  }
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
  const { ids, deleting } = value as Shard;
  if (!areIds(ids) || !areIds(deleting))
    throw new TypeError("A part of the session list is of an unexpected form");
  return { ids, deleting };
}

function areIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function without(ids: readonly string[], id: string): readonly string[] {
  return ids.filter((other) => other !== id);
}
