/**
 * libsignal's curve, natively. It signs and verifies in pure JavaScript, 4 ms each, and hands keys to OpenSSL as DER, which OpenSSL 3 takes
 * 100 to 400 µs to read (docs/protocol.md#library-quirks, 22). What is replaced gives the same bytes; whatever is unusual, such as an argument of a
 * wrong kind, is left to libsignal's own function and its error.
 */
import { createHash, createHmac, createPublicKey, diffieHellman, randomBytes, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { LRUCache } from "lru-cache";
import { privateKeyObject, publicKeyObject } from "../signatures/key-objects.js";
import { encodedPoint } from "../signatures/xeddsa.js";

/** As libsignal makes it: the public key has the byte of its type in front. */
interface KeyPair {
  readonly pubKey: Buffer;
  readonly privKey: Buffer;
}

/** `libsignal/src/curve.js`, as far as it is replaced. */
export interface FastCurve {
  generateKeyPair: () => KeyPair;
  calculateAgreement: (publicKey: Buffer, privateKey: Buffer) => Buffer;
  calculateSignature: (privateKey: Buffer, message: Uint8Array) => Buffer;
  verifySignature: (key: Buffer, message: Uint8Array, signature: Uint8Array, isInit?: boolean) => boolean;
}

const KEY_LENGTH = 32;
/** The byte that Signal puts before a key: Curve25519. */
const KEY_TYPE = 5;
const KEY_TYPE_BYTES = Buffer.of(KEY_TYPE);
const SIGNATURE_LENGTH = 64;
const SIGN_BIT = 0x80;
/** Of identities that sign: each session has one. */
const REMEMBERED_POINTS = 2_000;

const { Fn, BASE } = ed25519.Point;
const points = new LRUCache<string, Uint8Array>({ max: REMEMBERED_POINTS });
/** Private keys are not kept: what is remembered for one is found under its hash, by a key that no other process has. */
const hashKey = randomBytes(KEY_LENGTH);

/** What libsignal makes of these keys, with the message of {@link KNOWN_MESSAGE}. */
const KNOWN = {
  privateKey: "AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk",
  publicKey: "BRd9jyMfbKuJ6gP5DS8tU92boTx4lH1dhbg9SUUU4LcU",
  theirs: "BQS6fRwJHH5bYB34-wDIPxH0tW_-_mbGzTyRQQblW6tv",
  signature: "CVHaqGY1vvyj5XWHQO6F5J3EVv_FYvfcCZFWqXEDK1cVu2aiZeguOWKY8Dn1rUSg8ysGaIG9w0kjMf9rB59HBg",
  secret: "39WzaFyDFpRKU1g7zXRauBWxmbqVOBh25FHO8zoRrw4",
};
const NOTHING = Buffer.alloc(0);
const KNOWN_MESSAGE = Buffer.from("zpwoot");

/** Replaces the functions of a loaded `curve.js`, unless one of them does not give what is known to be right. */
export function quickenCurve(curve: FastCurve): void {
  const own = { ...curve };
  const fast: FastCurve = {
    generateKeyPair,
    calculateAgreement: (publicKey, privateKey) =>
      attempt(() => agreement(publicKey, privateKey)) ?? own.calculateAgreement(publicKey, privateKey),
    calculateSignature: (privateKey, message) =>
      attempt(() => signatureOf(privateKey, message)) ?? own.calculateSignature(privateKey, message),
    verifySignature: (key, message, signature, isInit) =>
      (isInit === true ? undefined : attempt(() => isSignedBy(key, message, signature))) ??
      own.verifySignature(key, message, signature, isInit),
  };
  if (isRight(fast)) Object.assign(curve, fast);
}

/** Undefined where the fast way does not apply, or fails: libsignal's own decides then. */
function attempt<T>(way: () => T | undefined): T | undefined {
  try {
    return way();
  } catch {
    return undefined;
  }
}

function generateKeyPair(): KeyPair {
  const privateKey = clamped(randomBytes(KEY_LENGTH));
  // Not by `generateKeyPairSync`: in Node 20 the export of such a key as a JWK can wait for ever.
  const { x = "" } = createPublicKey(privateKeyObject(privateKey)).export({ format: "jwk" });
  return { pubKey: Buffer.concat([KEY_TYPE_BYTES, Buffer.from(x, "base64url")]), privKey: privateKey };
}

function agreement(publicKey: Buffer, privateKey: Buffer): Buffer | undefined {
  if (!isPrivate(privateKey) || !isTyped(publicKey)) return undefined;
  return diffieHellman({
    privateKey: privateKeyObject(privateKey),
    publicKey: publicKeyObject("X25519", publicKey.subarray(1)),
  });
}

/** The signature that libsignal makes: its nonce is the hash of the clamped key and the message. */
function signatureOf(privateKey: Buffer, message: Uint8Array): Buffer | undefined {
  if (!isPrivate(privateKey) || !(message instanceof Uint8Array)) return undefined;
  const secret = clamped(privateKey);
  const scalar = bytesToNumberLE(secret) % Fn.ORDER;
  const point = pointOf(secret, scalar);
  const nonce = scalarOf(secret, message);
  const commitment = BASE.multiply(nonce).toBytes();
  const challenge = scalarOf(commitment, point, message);
  const response = numberToBytesLE((nonce + challenge * scalar) % Fn.ORDER, KEY_LENGTH);
  const signature = Buffer.concat([commitment, response]);
  signature[SIGNATURE_LENGTH - 1] =
    byteAt(signature, SIGNATURE_LENGTH - 1) | (byteAt(point, KEY_LENGTH - 1) & SIGN_BIT);
  return signature;
}

function isSignedBy(key: Buffer, message: Uint8Array, signature: Uint8Array): boolean | undefined {
  if (!isTyped(key) || !(message instanceof Uint8Array) || signature.length !== SIGNATURE_LENGTH)
    return undefined;
  const plain = Buffer.from(signature);
  const last = byteAt(plain, SIGNATURE_LENGTH - 1);
  plain[SIGNATURE_LENGTH - 1] = last & ~SIGN_BIT;
  // Of the key 0 two encodings are in use.
  if (key.subarray(1).every((byte) => byte === 0)) return undefined;
  const point = encodedPoint(key.subarray(1), last & SIGN_BIT);
  if (point === undefined) return undefined;
  return verify(null, message, publicKeyObject("Ed25519", point), plain);
}

/** The Edwards point of a private key, encoded. */
function pointOf(secret: Uint8Array, scalar: bigint): Uint8Array {
  const id = createHmac("sha256", hashKey).update(secret).digest("base64");
  const known = points.get(id);
  if (known !== undefined) return known;
  const point = BASE.multiply(scalar).toBytes();
  points.set(id, point);
  return point;
}

function scalarOf(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return bytesToNumberLE(hash.digest()) % Fn.ORDER;
}

function isPrivate(key: unknown): boolean {
  return key instanceof Buffer && key.length === KEY_LENGTH;
}

function isTyped(key: unknown): boolean {
  return key instanceof Buffer && key.length === KEY_LENGTH + 1 && key[0] === KEY_TYPE;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function clamped(key: Uint8Array): Buffer {
  const bytes = Buffer.from(key);
  bytes[0] = byteAt(bytes, 0) & 0xf8;
  bytes[KEY_LENGTH - 1] = (byteAt(bytes, KEY_LENGTH - 1) & 0x7f) | 0x40;
  return bytes;
}

/** Whether a curve does what libsignal's does: an OpenSSL or a Node that reads keys in another way must not be used. */
function isRight(curve: FastCurve): boolean {
  const read = (text: string): Buffer => Buffer.from(text, "base64url");
  const [privateKey, publicKey, theirs] = [read(KNOWN.privateKey), read(KNOWN.publicKey), read(KNOWN.theirs)];
  const made = attempt(() => signatureOf(privateKey, KNOWN_MESSAGE));
  const { pubKey, privKey } = curve.generateKeyPair();
  return (
    made?.equals(read(KNOWN.signature)) === true &&
    attempt(() => isSignedBy(publicKey, KNOWN_MESSAGE, made)) === true &&
    attempt(() => isSignedBy(theirs, KNOWN_MESSAGE, made)) === false &&
    attempt(() => agreement(theirs, privateKey))?.equals(read(KNOWN.secret)) === true &&
    attempt(() => agreement(publicKey, privKey))?.equals(agreement(pubKey, privateKey) ?? NOTHING) === true
  );
}
