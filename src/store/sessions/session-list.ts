/** The list of all sessions, in shards, each with its tombstones. */
import type { Store, StoredValue } from "../store.js";
import { type Generation, generationEntry, generationKeys, newestGeneration } from "../generations.js";
import { registryKey } from "../keys.js";
import { REGISTRY_SHARDS, shardOf } from "./registry-shards.js";

/** One shard of the list. */
interface Shard {
  readonly ids: readonly string[];
  /** Sessions whose deletion has begun and may not be finished. */
  readonly deleting: readonly string[];
}

/** Ids of sessions. */
export interface RegistryIds {
  readonly live: readonly string[];
  readonly deleting: readonly string[];
}

const EMPTY: Shard = { ids: [], deleting: [] };

/** Reads the list and prepares changes of it. Changes of one shard run one after another. */
export class SessionList {
  readonly #store: Store;
  readonly #turns = new Map<number, Promise<void>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** All ids. */
  async ids(): Promise<RegistryIds> {
    const shards = Array.from({ length: REGISTRY_SHARDS }, (_, shard) => shard);
    const stored = await this.#store.readEach(shards.flatMap((shard) => generationKeys(registryKey(shard))));
    const found = shards.map((shard) => newestShard(shard, stored)?.value ?? EMPTY);
    return { live: found.flatMap(({ ids }) => ids), deleting: found.flatMap(({ deleting }) => deleting) };
  }

  /** Lists a session, in one batch with `entries`. */
  add(id: string, entries: ReadonlyMap<string, unknown>): Promise<void> {
    return this.#change(id, entries, (shard) => ({ ...shard, ids: [...without(shard.ids, id), id] }));
  }

  /** Marks a session as being deleted. */
  bury(id: string): Promise<void> {
    return this.#change(id, new Map(), ({ ids, deleting }) => ({
      ids: without(ids, id),
      deleting: [...without(deleting, id), id],
    }));
  }

  /** Forgets a session, in one batch with `entries`. */
  drop(id: string, entries: ReadonlyMap<string, unknown>): Promise<void> {
    return this.#change(id, entries, ({ ids, deleting }) => ({
      ids: without(ids, id),
      deleting: without(deleting, id),
    }));
  }

  #change(id: string, entries: ReadonlyMap<string, unknown>, next: (shard: Shard) => Shard): Promise<void> {
    const number = shardOf(id);
    const result = (this.#turns.get(number) ?? Promise.resolve()).then(() =>
      this.#rewrite(number, entries, next),
    );
    this.#turns.set(
      number,
      result.then(
        () => undefined,
        () => undefined,
      ),
    );
    return result;
  }

  /** Reads the shard anew: another process may have listed a session of its own. */
  async #rewrite(
    number: number,
    entries: ReadonlyMap<string, unknown>,
    next: (shard: Shard) => Shard,
  ): Promise<void> {
    const key = registryKey(number);
    const newest = newestShard(number, await this.#store.readEach(generationKeys(key)));
    const shard = next(newest?.value ?? EMPTY);
    const [place, value] = generationEntry(key, (newest?.number ?? 0) + 1, shard);
    const empty = shard.ids.length === 0 && shard.deleting.length === 0;
    // An empty shard leaves no record: deleting the last session leaves the store as it was.
    const shardEntries = empty
      ? generationKeys(key).map((old) => [old, null] as const)
      : [[place, value] as const];
    await this.#store.write(key, new Map<string, unknown>([...entries, ...shardEntries]));
  }
}

function newestShard(
  number: number,
  stored: ReadonlyMap<string, StoredValue>,
): Generation<Shard> | undefined {
  return newestGeneration<Shard>(registryKey(number), stored);
}

function without(ids: readonly string[], id: string): readonly string[] {
  return ids.filter((other) => other !== id);
}
