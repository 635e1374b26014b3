/** The values of records as their stored texts, and back. */
import { isZpwootError, ZpwootError } from "../errors.js";
import { decode, encode, type RecordCodec } from "./codec.js";
import type { StoredValue } from "./store.js";

/** The texts of one store. */
export class RecordTexts {
  readonly #description: string;
  readonly #codec: RecordCodec;

  constructor(description: string, codec: RecordCodec) {
    this.#description = description;
    this.#codec = codec;
  }

  /** The texts to store for those values; null deletes. Throws a TypeError for a value that contains itself. */
  sealed(entries: ReadonlyMap<string, unknown>): ReadonlyMap<string, string | null> {
    const text = (key: string, value: unknown): string | null =>
      value === null ? null : this.#codec.seal(key, encode(value));
    return new Map([...entries].map(([key, value]) => [key, text(key, value)]));
  }

  /** The values of those keys that have a text. Throws `STORE_UNAVAILABLE` when the encryption key of one was not given. */
  opened(keys: Iterable<string>, texts: ReadonlyMap<string, string>): ReadonlyMap<string, StoredValue> {
    const found = new Map<string, StoredValue>();
    for (const key of keys) {
      const text = texts.get(key);
      if (text !== undefined) found.set(key, this.#opened(key, text));
    }
    return found;
  }

  #opened(key: string, text: string): StoredValue {
    try {
      return { value: decode(this.#codec.open(key, text)) };
    } catch (error) {
      if (isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
      // Without its cause: a JSON error quotes the text, and the text may be a credential.
      const corrupt = new ZpwootError(
        "STORE_CORRUPT",
        `The store ${this.#description} holds a record that can't be read`,
      );
      return { corrupt };
    }
  }
}
