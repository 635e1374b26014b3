/**
 * Pages of a key list that are kept in memory; others are read again. The lists of one store share the room. A list sees what it has put there
 * itself: what another one knew of the session is not true any more when another node has run the session meanwhile.
 */
import { LRUCache } from "lru-cache";
import type { Store } from "../store.js";

/** Pages kept in memory per store. */
const CACHED_PAGES = 20_000;

const caches = new WeakMap<Store, LRUCache<string, object>>();
let lists = 0;

/** The pages of one list. */
export class PageCache<Page extends object> {
  readonly #shared: LRUCache<string, object>;
  readonly #list = (lists += 1);

  constructor(store: Store) {
    this.#shared = caches.get(store) ?? new LRUCache({ max: CACHED_PAGES });
    caches.set(store, this.#shared);
  }

  get(key: string): Page | undefined {
    return this.#shared.get(this.#own(key)) as Page | undefined;
  }

  set(key: string, page: Page): void {
    this.#shared.set(this.#own(key), page);
  }

  delete(key: string): void {
    this.#shared.delete(this.#own(key));
  }

  #own(key: string): string {
    return `${this.#list} ${key}`;
  }
}
