/**
 * Which keys a session has. The store can't be asked: Keyv's iterator reads everything and ends silently on errors. So each batch
 * that adds or deletes a key also contains the changed page of this list; after a crash at any moment, a later deletion finds
 * every key.
 */
import { LRUCache } from "lru-cache";
import { ZpwootError } from "../../errors.js";
import type { Store } from "../store.js";
import { keyListKey, keyListPageKey } from "../keys.js";
import { createPage, type KeyListPage, pageOf } from "./key-list-page.js";

/** A key of a session, without the session. */
export interface SpaceAddress {
  readonly family: string;
  /** The id as it is written in the key. */
  readonly idPart: string;
}

/** The names of the pages of each family. */
type Root = Map<string, Set<string>>;

/** A page with its place. */
interface PlacedPage {
  readonly family: string;
  readonly name: string;
  readonly page: KeyListPage;
}

/** Pages kept in memory per store; others are read again. */
const CACHED_PAGES = 20_000;

const caches = new WeakMap<Store, LRUCache<string, KeyListPage>>();

/** The key list of one session. Calls must not overlap: the session space runs them one after the other. */
export class KeyList {
  readonly #store: Store;
  readonly #sessionId: string;
  readonly #cache: LRUCache<string, KeyListPage>;
  #root: Root | undefined;

  constructor(store: Store, sessionId: string) {
    this.#store = store;
    this.#sessionId = sessionId;
    this.#cache = cacheOf(store);
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
      [...written, ...deleted].map(({ family, idPart }) => [family, pageOf(idPart)]),
    );
    const changed = new Set<PlacedPage>();
    for (const { family, idPart } of deleted) {
      const placed = this.#placed(pages, family, idPart);
      if (!placed.page.has(idPart)) continue;
      placed.page.delete(idPart);
      changed.add(placed);
    }
    for (const { family, idPart } of written) {
      const placed = this.#placed(pages, family, idPart);
      if (placed.page.has(idPart)) continue;
      placed.page.add(idPart);
      changed.add(placed);
    }
    return this.#entries(root, changed);
  }

  /** The keys of the given families; by default of all families. */
  async list(families?: readonly string[]): Promise<readonly SpaceAddress[]> {
    const pages = await this.#pagesOf(families);
    return pages.flatMap(({ family, page }) => page.ids().map((idPart) => ({ family, idPart })));
  }

  /** Number of keys by family. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { family, page } of await this.#pagesOf())
      counts.set(family, (counts.get(family) ?? 0) + page.size);
    return counts;
  }

  /** The keys under which the list itself is stored. */
  async ownKeys(): Promise<readonly string[]> {
    const pages = [...(await this.#loadRoot())].flatMap(([family, names]) =>
      [...names].map((name) => keyListPageKey(this.#sessionId, family, name)),
    );
    return [...pages, keyListKey(this.#sessionId)];
  }

  /** Forgets what is kept in memory: the next call asks the store. */
  forget(): void {
    for (const [family, names] of this.#root ?? []) {
      for (const name of names) this.#cache.delete(keyListPageKey(this.#sessionId, family, name));
    }
    this.#root = undefined;
  }

  #placed(pages: Map<string, PlacedPage>, family: string, idPart: string): PlacedPage {
    const name = pageOf(idPart);
    const key = keyListPageKey(this.#sessionId, family, name);
    const placed = pages.get(key) ?? { family, name, page: createPage(name) };
    pages.set(key, placed);
    return placed;
  }

  #entries(root: Root, changed: ReadonlySet<PlacedPage>): ReadonlyMap<string, unknown> {
    const entries = new Map<string, unknown>();
    let rootChanged = false;
    for (const { family, name, page } of changed) {
      const key = keyListPageKey(this.#sessionId, family, name);
      const names = root.get(family) ?? new Set();
      const keep = page.size > 0 || !isPast(name, names);
      if (keep !== names.has(name)) rootChanged = true;
      if (keep) root.set(family, names.add(name));
      else names.delete(name);
      if (keep) this.#cache.set(key, page);
      else this.#cache.delete(key);
      entries.set(key, keep ? page.toValue() : null);
    }
    if (rootChanged)
      entries.set(
        keyListKey(this.#sessionId),
        Object.fromEntries([...root].map(([family, names]) => [family, [...names]])),
      );
    return entries;
  }

  async #pagesOf(families?: readonly string[]): Promise<readonly PlacedPage[]> {
    const wanted = [...(await this.#loadRoot())].filter(([family]) => families?.includes(family) ?? true);
    const pages = await this.#loadPages(
      wanted.flatMap(([family, names]) => [...names].map((name) => [family, name] as const)),
    );
    return [...pages.values()];
  }

  /** The pages that exist, by key. Those that the root does not name don't exist yet. */
  async #loadPages(places: readonly (readonly [string, string])[]): Promise<Map<string, PlacedPage>> {
    const root = await this.#loadRoot();
    const pages = new Map<string, PlacedPage>();
    const missing = new Map<string, readonly [string, string]>();
    for (const [family, name] of places) {
      if (!root.get(family)?.has(name)) continue;
      const key = keyListPageKey(this.#sessionId, family, name);
      const page = this.#cache.get(key);
      if (page === undefined) missing.set(key, [family, name]);
      else pages.set(key, { family, name, page });
    }
    if (missing.size === 0) return pages;
    const stored = await this.#store.read([...missing.keys()]);
    for (const [key, [family, name]] of missing) {
      const page = readable(() => createPage(name, stored.get(key)));
      this.#cache.set(key, page);
      pages.set(key, { family, name, page });
    }
    return pages;
  }

  async #loadRoot(): Promise<Root> {
    if (this.#root !== undefined) return this.#root;
    const key = keyListKey(this.#sessionId);
    const value = (await this.#store.read([key])).get(key) ?? {};
    const root = readable(
      () => new Map(Object.entries(value).map(([family, names]) => [family, new Set(names as string[])])),
    );
    this.#root = root;
    return root;
  }
}

/** Whether a page of numbers lies behind a later one: ids that count up don't come back. Other empty pages are kept, as they fill again. */
function isPast(name: string, names: ReadonlySet<string>): boolean {
  if (!name.startsWith("n")) return false;
  const number = Number(name.slice(1));
  return [...names].some((other) => other.startsWith("n") && Number(other.slice(1)) > number);
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ZpwootError("STORE_CORRUPT", "A session's key list is of an unexpected form", {
      cause,
    });
  }
}

function cacheOf(store: Store): LRUCache<string, KeyListPage> {
  const existing = caches.get(store);
  if (existing !== undefined) return existing;
  const cache = new LRUCache<string, KeyListPage>({ max: CACHED_PAGES });
  caches.set(store, cache);
  return cache;
}
