/** Signal keys that a session has read or written, kept in memory across reconnects. */
import { LazyMap } from "../async/lazy-collections.js";

/** Options of a {@link KeyCache}. */
export interface KeyCacheOptions {
  /** Most characters held. Default 2,000,000: about a thousand Signal sessions. */
  readonly maxChars?: number;
}

const DEFAULT_MAX_CHARS = 2_000_000;

/** In place of the text of a key that is absent: no value has an empty text. */
const ABSENT = "";

/**
 * A bounded cache of serialised values. Serialised, because a forged group message changes the live object before the forgery is
 * detected. Holds only what the store has confirmed: values, and keys of which it has proved that they are absent. Make one per session and pass it to every `loadAuthState` of
 * that session in this process.
 *
 * @example
 * const cache = new KeyCache();
 * const auth = await loadAuthState({ store, sessionId, library, cache });
 */
export class KeyCache {
  readonly #maxChars: number;
  /** The least recently used first. */
  readonly #texts = new LazyMap<string, string>();
  #chars = 0;
  #stamp: string | undefined;

  constructor({ maxChars = DEFAULT_MAX_CHARS }: KeyCacheOptions = {}) {
    this.#maxChars = maxChars;
  }

  /** Number of values held. */
  get size(): number {
    return this.#texts.size;
  }

  /** The text of a key, null if it is known to be absent, undefined if nothing is known. */
  get(key: string): string | null | undefined {
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    this.#texts.delete(key);
    this.#texts.set(key, text);
    return text === ABSENT ? null : text;
  }

  /** Keeps the text of a key that is in the store. */
  set(key: string, text: string): void {
    this.delete(key);
    this.#texts.set(key, text);
    this.#chars += key.length + text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#chars <= this.#maxChars) return;
      this.delete(oldest);
    }
  }

  /** Keeps that a key is not in the store. */
  setAbsent(key: string): void {
    this.set(key, ABSENT);
  }

  /** Forgets a key. */
  delete(key: string): void {
    const text = this.#texts.get(key);
    if (text === undefined) return;
    this.#texts.delete(key);
    this.#chars -= key.length + text.length;
  }

  /** Forgets all keys. */
  clear(): void {
    this.#texts.clear();
    this.#chars = 0;
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
