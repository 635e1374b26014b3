/** Which words a client and the service may shorten to one or two bytes; chosen by the client's dictionary version. */

import { tokensVersion2 } from "./tokens-v2.js";
import { tokensVersion3 } from "./tokens-v3.js";

/** The words of one dictionary version, each at the place that is its code. */
export interface TokenTable {
  /** Words coded by one byte; the place is the byte. */
  readonly singleByte: readonly string[];
  /** Words coded by two bytes: which of the four dictionaries, then the place in it. */
  readonly doubleByte: readonly (readonly string[])[];
}

/** A table with its reverse, as the codec needs it. */
export interface TokenDictionary extends TokenTable {
  /** The bytes a word is coded by; one or two of them. */
  readonly codes: ReadonlyMap<string, readonly number[]>;
}

const firstDoubleByteTag = 236;

function withCodes(table: TokenTable): TokenDictionary {
  const codes = new Map<string, readonly number[]>();
  table.doubleByte.forEach((dictionary, index) => {
    dictionary.forEach((word, place) => codes.set(word, [firstDoubleByteTag + index, place]));
  });
  table.singleByte.forEach((word, place) => {
    if (place > 0) codes.set(word, [place]);
  });
  return { ...table, codes };
}

/** By dictionary version. */
const dictionaries: ReadonlyMap<number, TokenDictionary> = new Map([
  [2, withCodes(tokensVersion2)],
  [3, withCodes(tokensVersion3)],
]);

/** The dictionary a client announced with the last byte of its intro; undefined when the emulator does not know it. */
export function dictionaryOf(version: number): TokenDictionary | undefined {
  return dictionaries.get(version);
}

/** Dictionary version 3, which whaileys 6.4.9 and Baileys 7 speak. */
export const dictionaryVersion3: TokenDictionary = withCodes(tokensVersion3);
