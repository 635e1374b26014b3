/** What a session has read and written of its Signal keys, kept in memory over reconnects. */
import { LRUCache } from "lru-cache";

/** Options of a {@link KeyCache}. */
export interface KeyCacheOptions {
  /** Bound of the texts held, in characters. Default 2,000,000: about a thousand Signal sessions. */
  readonly maxChars?: number;
}

const DEFAULT_MAX_CHARS = 2_000_000;

/**
 * A bounded cache of serialised values. Serialised, because a forged group message alters the live object before it is
 * found to be forged. Holds what is known to be in the store, never an absence. The owner makes one per session and may
 * hand it to every `loadAuthState` of that session in this process.
 */
export class KeyCache {
  readonly #texts: LRUCache<string, string>;
  #stamp: string | undefined;

  constructor(options: KeyCacheOptions = {}) {
    this.#texts = new LRUCache({
      maxSize: options.maxChars ?? DEFAULT_MAX_CHARS,
      sizeCalculation: (text, key) => text.length + key.length,
    });
  }

  /** Number of values held. */
  get size(): number {
    return this.#texts.size;
  }

  get(key: string): string | undefined {
    return this.#texts.get(key);
  }

  set(key: string, text: string): void {
    this.#texts.set(key, text);
  }

  delete(key: string): void {
    this.#texts.delete(key);
  }

  clear(): void {
    this.#texts.clear();
  }

  /** Says that its owner has replaced the credentials it was filled for by those with this stamp. */
  restamp(stamp: string): void {
    this.#stamp = stamp;
  }

  /** Empties the cache when it was filled for other credentials than those with this stamp. */
  adopt(stamp: string): void {
    if (this.#stamp !== undefined && this.#stamp !== stamp) this.clear();
    this.#stamp = stamp;
  }
}
