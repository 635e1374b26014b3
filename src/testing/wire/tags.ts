/** Numbers of the binary node encoding. */

/** First bytes of a value that are not words. */
export const Tag = {
  emptyList: 0,
  dictionary0: 236,
  dictionary3: 239,
  deviceJid: 247,
  list8: 248,
  list16: 249,
  jidPair: 250,
  hex: 251,
  bytes8: 252,
  bytes20: 253,
  bytes32: 254,
  nibbles: 255,
} as const;

/** Longest text, in characters, that may be packed two to a byte. */
export const MAX_PACKED_LENGTH = 127;

/** Characters of the nibble packing, at the place that is their value; an odd count is filled up with 15. */
export const NIBBLE_ALPHABET = "0123456789-.";

/** Characters of the hexadecimal packing, at the place that is their value. */
export const HEX_ALPHABET = "0123456789ABCDEF";

/** Bit of a frame's first byte that says the rest is deflated by zlib. */
export const COMPRESSED_FLAG = 2;

/** Kind of user in a device JID. */
export const JidDomain = { phone: 0, lid: 1 } as const;
