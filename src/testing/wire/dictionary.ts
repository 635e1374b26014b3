/** The words that client and service shorten to one or two bytes, by the dictionary version the client announces. */
import type { TokenTable } from "./token-table.js";
import { TOKENS_VERSION_2 } from "./tokens-v2.js";
import { TOKENS_VERSION_3 } from "./tokens-v3.js";

/** A word table with its reverse, as the codec needs it. */
export interface TokenDictionary extends TokenTable {
  /** The bytes a word is coded by; one or two of them. */
  readonly codes: ReadonlyMap<string, readonly number[]>;
}

const FIRST_DOUBLE_BYTE_TAG = 236;

/** Dictionary version 3, which whaileys 6.4.9 and Baileys 7 use. */
export const DICTIONARY_VERSION_3: TokenDictionary = withCodes(TOKENS_VERSION_3);

const DICTIONARIES: ReadonlyMap<number, TokenDictionary> = new Map([
  [2, withCodes(TOKENS_VERSION_2)],
  [3, DICTIONARY_VERSION_3],
]);

/** The dictionary a client announced with the last byte of its intro; undefined when the emulator does not know it. */
export function dictionaryOf(version: number): TokenDictionary | undefined {
  return DICTIONARIES.get(version);
}

function withCodes(table: TokenTable): TokenDictionary {
  const codes = new Map<string, readonly number[]>();
  table.doubleByte.forEach((dictionary, index) => {
    dictionary.forEach((word, place) => codes.set(word, [FIRST_DOUBLE_BYTE_TAG + index, place]));
  });
  table.singleByte.forEach((word, place) => {
    if (place > 0) codes.set(word, [place]);
  });
  return { ...table, codes };
}
