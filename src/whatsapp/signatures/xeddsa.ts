/**
 * XEdDSA signatures by Curve25519 keys. The libraries call such a check and drop its result (docs/protocol.md), so it is made here.
 * WhatsApp signs with few keys, again and again: results are remembered.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { LRUCache } from "lru-cache";

const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const SIGN_BIT = 0x80;
/** Results that are kept: keys of servers and of own links, of which there are few. */
const REMEMBERED = 2_000;

const { Fp } = ed25519.Point;
const results = new LRUCache<string, boolean>({ max: REMEMBERED });

/** Whether the owner of the key signed the message. Never throws: what is malformed is not signed. */
export function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const id = digestOf([key, message, signature]);
  const known = results.get(id);
  if (known !== undefined) return known;
  const signed = verified(key, message, signature);
  results.set(id, signed);
  return signed;
}

/** Identifies byte strings, in their order. */
export function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("base64");
}

function verified(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  const plain = Uint8Array.from(signature);
  const last = plain[SIGNATURE_LENGTH - 1] ?? 0;
  // Signal writes the sign of the Edwards point there. With it put back, this is a signature of Ed25519.
  plain[SIGNATURE_LENGTH - 1] = last & ~SIGN_BIT;
  const point = edwardsPoint(key, last & SIGN_BIT);
  if (point === undefined) return false;
  try {
    const x = Buffer.from(point).toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, message, publicKey, plain);
  } catch {
    return false;
  }
}

/** The encoded point of a Montgomery key: y = (u - 1) / (u + 1). Undefined where that has no value. */
function edwardsPoint(key: Uint8Array, sign: number): Uint8Array | undefined {
  const u = bytesToNumberLE(key);
  if (u >= Fp.ORDER || Fp.eql(u, Fp.neg(Fp.ONE))) return undefined;
  const encoded = numberToBytesLE(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))), KEY_LENGTH);
  encoded[KEY_LENGTH - 1] = (encoded[KEY_LENGTH - 1] ?? 0) | sign;
  return encoded;
}
