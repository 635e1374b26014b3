/** The shape of the word tables, in which a word's place is its code. */

/** The words of one dictionary version, each at the place that is its code. */
export interface TokenTable {
  /** Words coded by one byte; the place is the byte. */
  readonly singleByte: readonly string[];
  /** Words coded by two bytes: which of the four dictionaries, then the place in it. */
  readonly doubleByte: readonly (readonly string[])[];
}

/** The words of a text, in their order. No word holds white space. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/u);
}
