/**
 * API keys in the store, which several processes change: a record for each key, an index of their ids, and the last use in a record of
 * its own. Every change is made from what is stored at that moment, and none writes back what another process changed.
 */
import type { ApiKeyInfo } from "../api/api-keys.js";
import { generationKeys, newestGeneration } from "./generations.js";
import { API_KEYS_KEY, apiKeyKey, apiKeyUseKey } from "./keys.js";
import type { Store, StoredValue } from "./store.js";

/** A key as it is stored; never changed. */
export interface ApiKeyRecord extends Omit<ApiKeyInfo, "lastUsedAt"> {
  /** SHA-256 of the key, hexadecimal. */
  readonly hash: string;
}

/** A record, and its last use. */
export interface StoredApiKey extends ApiKeyRecord, Pick<ApiKeyInfo, "lastUsedAt"> {}

/** The index: the same in both of its places, so that damage to one loses nothing. */
interface Index {
  readonly number: number;
  readonly ids: readonly string[];
  /** What versions before the index have stored instead: all keys in one list. */
  readonly old: readonly StoredApiKey[];
}

/** The index after a change, and what is written with it. */
interface Change {
  readonly ids: readonly string[];
  readonly entries: ReadonlyMap<string, unknown>;
}

/** Reads and changes the keys. Methods reject with `STORE_UNAVAILABLE`, and with `STORE_CORRUPT` when the index can't be read. */
export class ApiKeyRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The ids of all keys, oldest first. */
  async ids(): Promise<readonly string[]> {
    const { ids, old } = indexIn(await this.#store.readEach(generationKeys(API_KEYS_KEY)));
    if (old.length > 0) await this.#change(() => undefined);
    return ids;
  }

  /** Those of the keys that exist: `STORE_CORRUPT` stands for one that can't be read. */
  async read(ids: readonly string[]): Promise<ReadonlyMap<string, StoredApiKey | Error>> {
    const stored = await this.#store.readEach(ids.flatMap((id) => [apiKeyKey(id), apiKeyUseKey(id)]));
    const found = new Map<string, StoredApiKey | Error>();
    for (const id of ids) {
      const record = stored.get(apiKeyKey(id));
      if (record === undefined) continue;
      const lastUsedAt = usedAt(stored.get(apiKeyUseKey(id)));
      found.set(id, record.corrupt ?? { ...(record.value as ApiKeyRecord), lastUsedAt });
    }
    return found;
  }

  /** Adds a key. `check` is called with the number of other keys, once or more often, and throws to refuse. */
  async add(record: ApiKeyRecord, check: (others: number) => void): Promise<void> {
    const { id } = record;
    await this.#change((ids) => {
      // So it is when the answer to the write was lost.
      if (ids.includes(id)) return undefined;
      check(ids.length);
      return { ids: [...ids, id], entries: new Map([[apiKeyKey(id), record]]) };
    });
  }

  /** Removes a key and everything of it. Settles with false if there was none. */
  async remove(id: string): Promise<boolean> {
    let found = false;
    await this.#change((ids) => {
      if (!ids.includes(id)) return undefined;
      found = true;
      return {
        ids: ids.filter((other) => other !== id),
        entries: new Map([
          [apiKeyKey(id), null],
          [apiKeyUseKey(id), null],
        ]),
      };
    });
    return found;
  }

  /** Stores the last use, unless another process stored one within `exactToMs`. Never brings back a key that is removed. */
  async noteUse(id: string, at: number, exactToMs: number): Promise<void> {
    const [key, useKey] = [apiKeyKey(id), apiKeyUseKey(id)];
    await this.#store.changeEach(SCOPE, [key, useKey], (stored) => {
      const last = usedAt(stored.get(useKey));
      const isNoted = last !== null && Math.abs(at - Date.parse(last)) < exactToMs;
      if (!stored.has(key) || isNoted) return undefined;
      return new Map([[useKey, { lastUsedAt: new Date(at).toISOString() }]]);
    });
  }

  /** Changes the index; brings an old list into the new form on the way. */
  async #change(next: (ids: readonly string[]) => Change | undefined): Promise<void> {
    const places = generationKeys(API_KEYS_KEY);
    const before = await this.#store.readEach(places);
    // A place that can't be read is no condition, and is overwritten: every change changes the other place too.
    const compared = places.filter((place) => before.get(place)?.corrupt === undefined);
    await this.#store.changeEach(SCOPE, compared.length === 0 ? places : compared, (stored) => {
      const { number, ids, old } = indexIn(stored);
      const changed = next(ids) ?? (old.length === 0 ? undefined : { ids, entries: new Map() });
      if (changed === undefined) return undefined;
      // Without a key the index is removed too.
      const index = changed.ids.length === 0 ? null : { generation: number + 1, value: { ids: changed.ids } };
      return new Map<string, unknown>([
        ...old.flatMap(recordsOf),
        ...changed.entries,
        ...places.map((place) => [place, index] as const),
      ]);
    });
  }
}

/** The scope of the writes. */
const SCOPE = API_KEYS_KEY;

function indexIn(stored: ReadonlyMap<string, StoredValue>): Index {
  const newest = newestGeneration(API_KEYS_KEY, stored, indexValueOf);
  const number = newest?.number ?? 0;
  const value = newest?.value ?? { ids: [] };
  if ("ids" in value) return { number, ids: value.ids, old: [] };
  return { number, ids: value.map(({ id }) => id), old: value };
}

/** Throws for a value that is neither an index nor an old list. */
function indexValueOf(value: unknown): { readonly ids: readonly string[] } | readonly StoredApiKey[] {
  if (Array.isArray(value) && areIds(value.map((key: Partial<StoredApiKey> | null) => key?.id)))
    return value as readonly StoredApiKey[];
  const { ids } = value as { readonly ids?: unknown };
  if (!areIds(ids)) throw new TypeError("The index of the API keys is of an unexpected form");
  return { ids };
}

function areIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function recordsOf({ lastUsedAt, ...record }: StoredApiKey): readonly (readonly [string, unknown])[] {
  const used = lastUsedAt === null ? [] : [[apiKeyUseKey(record.id), { lastUsedAt }] as const];
  return [[apiKeyKey(record.id), record], ...used];
}

function usedAt(stored: StoredValue | undefined): string | null {
  return (stored?.value as { readonly lastUsedAt: string } | undefined)?.lastUsedAt ?? null;
}
