/** Small helpers over key material. */

import type { PreKeyBundle } from "./index.js";

/** The public half of a signed pre-key. */
export type SignedPublicPreKey = PreKeyBundle["signedPreKey"];

/** Byte that names Curve25519 as the kind of a key. */
export const keyTypeByte = 5;

/** Whether two byte strings are there and the same. Not constant-time: this is a test service. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
