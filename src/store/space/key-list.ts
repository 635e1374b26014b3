/**
 * Which keys a session has. The store can't be asked: Keyv's iterator reads everything and ends silently on errors. So each batch
 * that adds or deletes a key also contains the changed page of this list; after a crash at any moment, a later deletion finds every
 * key. Root and pages are in two places each (`generations.ts`); what an older version stored in one moves to two with the next write.
 */
import { generationEntries, generationKeys, newestGeneration } from "../generations.js";
import type { Store, StoredValue } from "../store.js";
import { keyListKey, keyListPageKey } from "../keys.js";
import { PageCache } from "./page-cache.js";
import { createPage, isBefore, type KeyListPage, pageOf, pagesOf } from "./key-list-page.js";

/** A key of a session, without the session. */
export interface SpaceAddress {
  readonly family: string;
  /** The id as it is written in the key. */
  readonly idPart: string;
}

/** The names of the pages of each family. */
type Names = Map<string, Set<string>>;

/** A record of the list as it is in memory. */
interface Listed<Value> {
  readonly value: Value;
  /** The generation that is stored; 0 when there is none, or the one record of an older version. */
  readonly generation: number;
  /** Whether the store should be brought in order with the next write: a place is missing, damaged or of an older version. */
  readonly untidy: boolean;
}

/** A page with its place. */
interface PlacedPage extends Listed<KeyListPage> {
  readonly family: string;
  readonly name: string;
}

/** The key list of one session. Calls must not overlap: the session space runs them one after the other. */
export class KeyList {
  readonly #store: Store;
  readonly #sessionId: string;
  readonly #cache: PageCache<Listed<KeyListPage>>;
  #root: Listed<Names> | undefined;

  constructor(store: Store, sessionId: string) {
    this.#store = store;
    this.#sessionId = sessionId;
    this.#cache = new PageCache(store);
  }

  /**
   * Adds the written keys, removes the deleted ones, and returns the records of the list that change, to be stored in the same
   * batch. Call {@link forget} when that batch fails.
   */
  async change(
    written: readonly SpaceAddress[],
    deleted: readonly SpaceAddress[],
  ): Promise<ReadonlyMap<string, unknown>> {
    const root = await this.#loadRoot();
    const pages = await this.#loadPages(
      [...written, ...deleted].flatMap(({ family, idPart }) => pagesOf(idPart).map((name) => [family, name])),
    );
    const changed = new Set([...pages.values()].filter(({ untidy }) => untidy));
    for (const address of deleted) {
      const placed = this.#listing(pages, address);
      placed?.value.delete(address.idPart);
      if (placed !== undefined) changed.add(placed);
    }
    for (const address of written) {
      if (this.#listing(pages, address) !== undefined) continue;
      const placed = this.#placed(pages, address);
      placed.value.add(address.idPart);
      changed.add(placed);
    }
    return this.#entries(root, changed);
  }

  /** The keys of the given families; by default of all families. */
  async list(families?: readonly string[]): Promise<readonly SpaceAddress[]> {
    const pages = await this.#pagesOf(families);
    return pages.flatMap(({ family, value }) => value.ids().map((idPart) => ({ family, idPart })));
  }

  /** Number of keys by family. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { family, value } of await this.#pagesOf())
      counts.set(family, (counts.get(family) ?? 0) + value.size);
    return counts;
  }

  /** The keys under which the list itself is stored, or may be: those of an older version included. */
  async ownKeys(): Promise<readonly string[]> {
    const { value: names } = await this.#loadRoot();
    const pages = [...names].flatMap(([family, ofFamily]) =>
      [...ofFamily].map((name) => keyListPageKey(this.#sessionId, family, name)),
    );
    return [...pages, keyListKey(this.#sessionId)].flatMap(placesOf);
  }

  /** Forgets what is kept in memory: the next call asks the store. */
  forget(): void {
    for (const [family, names] of this.#root?.value ?? []) {
      for (const name of names) this.#cache.delete(keyListPageKey(this.#sessionId, family, name));
    }
    this.#root = undefined;
  }

  /** The page on which a key is listed; undefined when it is on none. */
  #listing(pages: ReadonlyMap<string, PlacedPage>, { family, idPart }: SpaceAddress): PlacedPage | undefined {
    const listing = pagesOf(idPart).map((name) => pages.get(keyListPageKey(this.#sessionId, family, name)));
    return listing.find((page) => page?.value.has(idPart));
  }

  /** The page on which a key has its place. */
  #placed(pages: Map<string, PlacedPage>, { family, idPart }: SpaceAddress): PlacedPage {
    const name = pageOf(idPart);
    const key = keyListPageKey(this.#sessionId, family, name);
    const placed = pages.get(key) ?? { family, name, ...nothingStored(createPage(name)) };
    pages.set(key, placed);
    return placed;
  }

  #entries(root: Listed<Names>, changed: ReadonlySet<PlacedPage>): ReadonlyMap<string, unknown> {
    const entries = new Map<string, unknown>();
    const { value: names } = root;
    let rootChanged = root.untidy;
    for (const placed of changed) {
      const { family, name } = placed;
      const key = keyListPageKey(this.#sessionId, family, name);
      const ofFamily = names.get(family) ?? new Set();
      const keep = placed.value.size > 0 || !isPast(name, ofFamily);
      if (keep !== ofFamily.has(name)) rootChanged = true;
      if (keep) names.set(family, ofFamily.add(name));
      else ofFamily.delete(name);
      if (keep) this.#cache.set(key, store(entries, key, placed, placed.value.toValue()));
      else {
        this.#cache.delete(key);
        for (const place of placesOf(key)) entries.set(place, null);
      }
    }
    if (rootChanged) {
      const value = Object.fromEntries([...names].map(([family, ofFamily]) => [family, [...ofFamily]]));
      this.#root = store(entries, keyListKey(this.#sessionId), root, value);
    }
    return entries;
  }

  async #pagesOf(families?: readonly string[]): Promise<readonly PlacedPage[]> {
    const { value: names } = await this.#loadRoot();
    const wanted = [...names].filter(([family]) => families?.includes(family) ?? true);
    const pages = await this.#loadPages(
      wanted.flatMap(([family, ofFamily]) => [...ofFamily].map((name) => [family, name] as const)),
    );
    return [...pages.values()];
  }

  /** The pages that exist, by key. Those that the root does not name don't exist yet. */
  async #loadPages(places: readonly (readonly [string, string])[]): Promise<Map<string, PlacedPage>> {
    const { value: names } = await this.#loadRoot();
    const pages = new Map<string, PlacedPage>();
    const missing = new Map<string, readonly [string, string]>();
    for (const [family, name] of places) {
      if (!names.get(family)?.has(name)) continue;
      const key = keyListPageKey(this.#sessionId, family, name);
      const page = this.#cache.get(key);
      if (page === undefined) missing.set(key, [family, name]);
      else pages.set(key, { family, name, ...page });
    }
    if (missing.size === 0) return pages;
    const stored = await this.#store.readEach([...missing.keys()].flatMap(placesOf));
    for (const [key, [family, name]] of missing) {
      const page = listed(key, stored, (value) => createPage(name, value)) ?? nothingStored(createPage(name));
      this.#cache.set(key, page);
      pages.set(key, { family, name, ...page });
    }
    return pages;
  }

  async #loadRoot(): Promise<Listed<Names>> {
    if (this.#root !== undefined) return this.#root;
    const key = keyListKey(this.#sessionId);
    const root = listed(key, await this.#store.readEach(placesOf(key)), namesIn);
    this.#root = root ?? nothingStored(new Map());
    return this.#root;
  }
}

/** All keys under which a record of the list may be stored: its two places, and the one of an older version. */
function placesOf(key: string): readonly string[] {
  return [...generationKeys(key), key];
}

function nothingStored<Value>(value: Value): Listed<Value> {
  return { value, generation: 0, untidy: false };
}

/** What is stored of a record; undefined when there is nothing. Throws `STORE_CORRUPT` when no place can be read. */
function listed<Value>(
  key: string,
  stored: ReadonlyMap<string, StoredValue>,
  parse: (value: unknown) => Value,
): Listed<Value> | undefined {
  const newest = newestGeneration(key, stored, parse);
  if (newest === undefined) return undefined;
  return { value: newest.value, generation: newest.number, untidy: !newest.complete };
}

/** Adds the entries of a record's next generation. Returns the record as it is then. */
function store<Value>(
  entries: Map<string, unknown>,
  key: string,
  { value, generation, untidy }: Listed<Value>,
  stored: unknown,
): Listed<Value> {
  for (const [place, entry] of generationEntries(key, generation + 1, stored)) entries.set(place, entry);
  if (untidy) entries.set(key, null);
  return { value, generation: generation + 1, untidy: false };
}

/** Throws for a value that is not a root. */
function namesIn(value: unknown): Names {
  const names = new Map<string, Set<string>>();
  for (const [family, ofFamily] of Object.entries(isFields(value) ? value : { value })) {
    if (!Array.isArray(ofFamily)) throw new TypeError("The root of a key list is of an unexpected form");
    names.set(family, new Set(ofFamily.map(String)));
  }
  return names;
}

function isFields(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a page of numbers lies behind a later one: ids that count up don't come back. Other empty pages are kept, as they fill again. */
function isPast(name: string, names: ReadonlySet<string>): boolean {
  return [...names].some((other) => isBefore(name, other));
}
