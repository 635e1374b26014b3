/**
 * Which keys a session has. A store can't be asked (Keyv's iterator ends silently on errors and walks everything), so
 * each batch that adds or removes a key carries the changed page of this list with it: no key exists, at any moment of a
 * crash, that a later deletion would not find.
 */
import { LRUCache } from "lru-cache";
import { ZpwootError } from "../../errors.js";
import type { Store } from "../store.js";
import { manifestKey, manifestPageKey } from "../keys.js";
import { createPage, type KeyListPage, pageOf } from "./key-list-page.js";

/** A key of a session, without the session. */
export interface SpaceAddress {
  readonly family: string;
  /** The id as it stands in the key. */
  readonly idPart: string;
}

/** Families and the names of their pages. */
type Root = Map<string, Set<string>>;

/** A page with its place. */
interface PlacedPage {
  readonly family: string;
  readonly name: string;
  readonly page: KeyListPage;
}

/** Pages kept in memory per store; a page not kept is read again. */
const CACHED_PAGES = 20_000;

const caches = new WeakMap<Store, LRUCache<string, KeyListPage>>();

/** The manifest of one session. Calls must not overlap: a session space runs them one after another. */
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
   * Lists the written keys, strikes out the deleted ones, and gives the records that changed by it, to be stored in the
   * same batch. Follow with {@link forget} when that batch fails.
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

  /** All keys of the given families, of all families if none are given. */
  async list(families?: readonly string[]): Promise<readonly SpaceAddress[]> {
    const pages = await this.#pagesOf(families);
    return pages.flatMap(({ family, page }) => page.ids().map((idPart) => ({ family, idPart })));
  }

  /** How many keys there are of each family. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { family, page } of await this.#pagesOf())
      counts.set(family, (counts.get(family) ?? 0) + page.size);
    return counts;
  }

  /** The keys of the manifest's own records. */
  async ownKeys(): Promise<readonly string[]> {
    const pages = [...(await this.#loadRoot())].flatMap(([family, names]) =>
      [...names].map((name) => manifestPageKey(this.#sessionId, family, name)),
    );
    return [...pages, manifestKey(this.#sessionId)];
  }

  /** Drops what is kept in memory, so that the next call asks the store. */
  forget(): void {
    for (const [family, names] of this.#root ?? []) {
      for (const name of names) this.#cache.delete(manifestPageKey(this.#sessionId, family, name));
    }
    this.#root = undefined;
  }

  #placed(pages: Map<string, PlacedPage>, family: string, idPart: string): PlacedPage {
    const name = pageOf(idPart);
    const key = manifestPageKey(this.#sessionId, family, name);
    const placed = pages.get(key) ?? { family, name, page: createPage(name) };
    pages.set(key, placed);
    return placed;
  }

  #entries(root: Root, changed: ReadonlySet<PlacedPage>): ReadonlyMap<string, unknown> {
    const entries = new Map<string, unknown>();
    let rootChanged = false;
    for (const { family, name, page } of changed) {
      const key = manifestPageKey(this.#sessionId, family, name);
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
        manifestKey(this.#sessionId),
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

  /** The pages that the root names; those it does not name don't exist yet. */
  async #loadPages(places: readonly (readonly [string, string])[]): Promise<Map<string, PlacedPage>> {
    const root = await this.#loadRoot();
    const pages = new Map<string, PlacedPage>();
    const missing = new Map<string, readonly [string, string]>();
    for (const [family, name] of places) {
      if (!root.get(family)?.has(name)) continue;
      const key = manifestPageKey(this.#sessionId, family, name);
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
    const key = manifestKey(this.#sessionId);
    const value = (await this.#store.read([key])).get(key) ?? {};
    const root = readable(
      () => new Map(Object.entries(value).map(([family, names]) => [family, new Set(names as string[])])),
    );
    this.#root = root;
    return root;
  }
}

/** Whether a page of numbers was left behind by a family that counts up. Other empty pages are kept: they fill again. */
function isPast(name: string, names: ReadonlySet<string>): boolean {
  if (!name.startsWith("n")) return false;
  const number = Number(name.slice(1));
  return [...names].some((other) => other.startsWith("n") && Number(other.slice(1)) > number);
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ZpwootError("STORE_CORRUPT", "The list of a session's keys is not of the expected form", {
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
