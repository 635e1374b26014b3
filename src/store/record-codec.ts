/** What stands between a value's text and the text that is stored: nothing, or encryption (`encryption.ts`). */
import type { Encoded } from "./codec.js";

/** Turns a value's text into the stored text of a key, and back. */
export interface RecordCodec {
  /** The text to store under a key. */
  seal(key: string, encoded: Encoded): string;
  /**
   * The value's text from what is stored under a key. Throws a ZpwootError `STORE_UNAVAILABLE` when the key that opens it
   * was not given, anything else when the record is damaged.
   */
  open(key: string, stored: string): Encoded;
}
