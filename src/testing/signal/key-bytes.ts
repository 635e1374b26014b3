/** Bytes of keys, as stanzas and the account registers need them. */
import type { PreKeyBundle } from "./key-agreement.js";

/** The public half of a signed pre-key. */
export type SignedPublicPreKey = PreKeyBundle["signedPreKey"];

/** Byte that names Curve25519 as the kind of a key. */
export const KEY_TYPE_BYTE = 5;

/** Whether both byte strings are present and equal. Not constant-time: this is a test service. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
