/** Curve25519: key pairs, X25519 secrets, and XEdDSA signatures, with a type byte where Signal writes one. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  verify,
  type KeyObject,
} from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { SignalError } from "./signal-error.js";

/** Returns `size` random bytes. Tests pass a seeded source to get the same keys each run. */
export type RandomBytes = (size: number) => Uint8Array;

/** A Curve25519 key pair in Montgomery form, as X25519 uses it: 32 raw bytes each, without the type byte. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** Already clamped. */
  readonly privateKey: Uint8Array;
}

const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
/** The byte Signal puts before a public key on the wire and under signatures: "Curve25519". */
const KEY_TYPE = 0x05;
/** The public half of a JWK, which Node requires beside a private key and does not read. */
const UNREAD_PUBLIC_KEY = Buffer.alloc(KEY_LENGTH).toString("base64url");
/** XEdDSA's hash separation: 2^256 - 2 in little-endian, which no point encodes to. */
const NONCE_PREFIX = Buffer.alloc(KEY_LENGTH, 0xff).fill(0xfe, 0, 1);

/** By the bytes that they were made of, as long as somebody has these. */
const PRIVATE_KEYS = new WeakMap<Uint8Array, KeyObject>();

const GROUP_ORDER = ed25519.Point.Fn.ORDER;
const Fp = ed25519.Point.Fp;

/** Makes a key pair from `random` (the operating system's generator by default). */
export function generateKeyPair(random: RandomBytes = randomBytes): KeyPair {
  const privateKey = clamp(random(KEY_LENGTH));
  const { x = "" } = createPublicKey(privateKeyObject(privateKey)).export({ format: "jwk" });
  return { publicKey: new Uint8Array(Buffer.from(x, "base64url")), privateKey };
}

/**
 * The X25519 secret of our private key and their public key, 32 bytes.
 * Throws a {@link SignalError} for a key of the wrong length or of small order.
 */
export function sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  requireLength(privateKey, KEY_LENGTH, "A private key");
  requireLength(publicKey, KEY_LENGTH, "A public key");
  try {
    const theirs = publicKeyObject("X25519", publicKey);
    return diffieHellman({ privateKey: privateKeyObject(privateKey), publicKey: theirs });
  } catch (cause) {
    throw new SignalError("invalid-key", "The public key is not one a secret can be agreed with", { cause });
  }
}

/**
 * Signs with XEdDSA over a Montgomery key; the sign of the Edwards point travels in the signature's top bit, as Signal does.
 * `random64` are 64 bytes of randomness; pass your own only to get a reproducible signature.
 */
export function xeddsaSign(
  privateKey: Uint8Array,
  message: Uint8Array,
  random64: Uint8Array = randomBytes(64),
): Uint8Array {
  requireLength(privateKey, KEY_LENGTH, "A private key");
  requireLength(random64, 64, "The randomness of a signature");
  const clamped = clamp(privateKey);
  const secret = bytesToNumberLE(clamped) % GROUP_ORDER;
  const point = ed25519.Point.BASE.multiply(secret).toBytes();
  const nonce = hashToScalar(NONCE_PREFIX, clamped, message, random64);
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = hashToScalar(commitment, point, message);
  const response = numberToBytesLE((nonce + challenge * secret) % GROUP_ORDER, KEY_LENGTH);
  const signature = new Uint8Array(SIGNATURE_LENGTH);
  signature.set(commitment);
  signature.set(response, KEY_LENGTH);
  signature[SIGNATURE_LENGTH - 1] = byteAt(response, KEY_LENGTH - 1) | (byteAt(point, KEY_LENGTH - 1) & 0x80);
  return signature;
}

/** Whether `signature` is an XEdDSA signature of `message` by the key. Never throws: malformed input is simply false. */
export function xeddsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  const signBit = byteAt(signature, SIGNATURE_LENGTH - 1) & 0x80;
  const point = edwardsPoint(publicKey, signBit);
  if (!point) return false;
  const plain = Uint8Array.from(signature);
  plain[SIGNATURE_LENGTH - 1] = byteAt(plain, SIGNATURE_LENGTH - 1) & 0x7f;
  // With the sign put back, the equation is Ed25519's own, so the native check does the work.
  try {
    return verify(null, message, publicKeyObject("Ed25519", point), plain);
  } catch {
    return false;
  }
}

/** The key as Signal writes it in messages and signs it: 33 bytes, the type byte 05 first. */
export function prefixedKey(publicKey: Uint8Array): Uint8Array {
  requireLength(publicKey, KEY_LENGTH, "A public key");
  const prefixed = new Uint8Array(KEY_LENGTH + 1);
  prefixed[0] = KEY_TYPE;
  prefixed.set(publicKey, 1);
  return prefixed;
}

/** The 32 bytes of a key read from a message. Throws a {@link SignalError} unless it is 33 bytes starting with 05. */
export function unprefixedKey(prefixed: Uint8Array): Uint8Array {
  if (prefixed.length !== KEY_LENGTH + 1 || prefixed[0] !== KEY_TYPE) {
    throw new SignalError("invalid-key", "A public key in a message must be 33 bytes starting with 05");
  }
  return Uint8Array.from(prefixed.subarray(1));
}

/** Throws a {@link SignalError} unless the value has that many bytes; `what` begins the sentence. */
export function requireLength(value: Uint8Array, length: number, what: string): void {
  if (value.length === length) return;
  throw new SignalError("invalid-key", `${what} must have ${length} bytes, not ${value.length}`);
}

function clamp(bytes: Uint8Array): Uint8Array {
  requireLength(bytes, KEY_LENGTH, "A private key");
  const clamped = Uint8Array.from(bytes);
  clamped[0] = byteAt(clamped, 0) & 0xf8;
  clamped[KEY_LENGTH - 1] = (byteAt(clamped, KEY_LENGTH - 1) & 0x7f) | 0x40;
  return clamped;
}

/** The birational map y = (u - 1) / (u + 1), as an encoded Edwards point; undefined where it has no value. */
function edwardsPoint(publicKey: Uint8Array, signBit: number): Uint8Array | undefined {
  const u = bytesToNumberLE(publicKey);
  if (u >= Fp.ORDER || Fp.eql(u, Fp.neg(Fp.ONE))) return undefined;
  const encoded = numberToBytesLE(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))), KEY_LENGTH);
  encoded[KEY_LENGTH - 1] = byteAt(encoded, KEY_LENGTH - 1) | signBit;
  return encoded;
}

function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return bytesToNumberLE(new Uint8Array(hash.digest())) % GROUP_ORDER;
}

/** Node reads raw keys from a JWK some ten times faster than from DER, 60 µs instead of 700; and a key is used more than once. */
function privateKeyObject(privateKey: Uint8Array): KeyObject {
  const known = PRIVATE_KEYS.get(privateKey);
  if (known !== undefined) return known;
  const d = Buffer.from(privateKey).toString("base64url");
  const jwk = { kty: "OKP", crv: "X25519", d, x: UNREAD_PUBLIC_KEY };
  const made = createPrivateKey({ key: jwk, format: "jwk" });
  PRIVATE_KEYS.set(privateKey, made);
  return made;
}

function publicKeyObject(crv: "X25519" | "Ed25519", publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv, x }, format: "jwk" });
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
