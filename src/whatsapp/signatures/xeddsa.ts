/** XEdDSA signatures by Curve25519 keys. The libraries call such a check and drop its result (docs/protocol.md), so it is made here. */
import { createHash, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { LRUCache } from "lru-cache";
import { publicKeyObject } from "./key-objects.js";

const KEY_LENGTH = 32;
/** The byte that Signal puts before a key: Curve25519. */
const KEY_TYPE = 5;
const SIGNATURE_LENGTH = 64;
const SIGN_BIT = 0x80;
/** The same certificates and pre-keys are shown again and again. */
const REMEMBERED = 2_000;

const { Fp } = ed25519.Point;
const results = new LRUCache<string, boolean>({ max: REMEMBERED });

/** The same as {@link isSigned}, for what will be asked again: the result is remembered. */
export function isSignedRemembered(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const id = digestOf([key, message, signature]);
  const known = results.get(id);
  if (known !== undefined) return known;
  const signed = isSigned(key, message, signature);
  results.set(id, signed);
  return signed;
}

/**
 * Whether the owner of the key, with or without the byte of its type, signed the message. Never throws: what is malformed is not signed.
 */
export function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const raw = key.length === KEY_LENGTH + 1 && key[0] === KEY_TYPE ? key.subarray(1) : key;
  if (raw.length !== KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  const plain = Uint8Array.from(signature);
  const last = plain[SIGNATURE_LENGTH - 1] ?? 0;
  // Signal writes the sign of the Edwards point there. With it put back, this is a signature of Ed25519.
  plain[SIGNATURE_LENGTH - 1] = last & ~SIGN_BIT;
  const point = encodedPoint(raw, last & SIGN_BIT);
  if (point === undefined) return false;
  try {
    return verify(null, message, publicKeyObject("Ed25519", point), plain);
  } catch {
    return false;
  }
}

/** Identifies byte strings, in their order. */
function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("base64");
}

/** The encoded Edwards point of a Montgomery key: y = (u - 1) / (u + 1). Undefined where that has no value. */
export function encodedPoint(key: Uint8Array, sign: number): Uint8Array | undefined {
  const u = bytesToNumberLE(key);
  if (u >= Fp.ORDER || Fp.eql(u, Fp.neg(Fp.ONE))) return undefined;
  const encoded = numberToBytesLE(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))), KEY_LENGTH);
  encoded[KEY_LENGTH - 1] = (encoded[KEY_LENGTH - 1] ?? 0) | sign;
  return encoded;
}
