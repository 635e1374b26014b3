/** Signal keys that a session has read or written, kept in memory across reconnects. */
import { LRUCache } from "lru-cache";

/** Options of a {@link KeyCache}. */
export interface KeyCacheOptions {
  /** Most characters held. Default 2,000,000: about a thousand Signal sessions. */
  readonly maxChars?: number;
}

const DEFAULT_MAX_CHARS = 2_000_000;

/**
 * A bounded cache of serialised values. Serialised, because a forged group message changes the live object before the forgery is
 * detected. Holds only values that are in the store, no absences. Make one per session and pass it to every `loadAuthState` of
 * that session in this process.
 *
 * @example
 * const cache = new KeyCache();
 * const auth = await loadAuthState({ store, sessionId, library, cache });
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

  /** The text of a key. */
  get(key: string): string | undefined {
    return this.#texts.get(key);
  }

  /** Keeps the text of a key that is in the store. */
  set(key: string, text: string): void {
    this.#texts.set(key, text);
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.#texts.delete(key);
  }

  /** Forgets all keys. */
  clear(): void {
    this.#texts.clear();
  }

  /** Keeps the values for the next credentials of the same auth state. */
  restamp(stamp: string): void {
    this.#stamp = stamp;
  }

  /** Empties the cache unless it was filled for the credentials with this stamp. */
  adopt(stamp: string): void {
    if (this.#stamp !== undefined && this.#stamp !== stamp) this.clear();
    this.#stamp = stamp;
  }
}
