/** The cryptography of the app state: each change is encrypted and authenticated, and a running hash covers all of them. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";

const MAC_LENGTH = 32;
const IV_LENGTH = 16;
const HASH_LENGTH = 128;

/** What the devices of an account share. */
export interface AppStateKey {
  readonly keyId: Buffer;
  readonly keyData: Buffer;
}

/** The keys derived from one app-state key. */
export interface MutationKeys {
  readonly index: Buffer;
  readonly encryption: Buffer;
  readonly value: Buffer;
  readonly snapshot: Buffer;
  readonly patch: Buffer;
}

/** Derives the keys of mutations from an app-state key. */
export function mutationKeys({ keyData }: AppStateKey): MutationKeys {
  const all = Buffer.from(hkdfSync("sha256", keyData, new Uint8Array(0), "WhatsApp Mutation Keys", 160));
  const part = (n: number): Buffer => all.subarray(32 * n, 32 * (n + 1));
  return { index: part(0), encryption: part(1), value: part(2), snapshot: part(3), patch: part(4) };
}

/** 0 sets, 1 removes. */
export type Operation = 0 | 1;

const hmac = (key: Uint8Array, parts: readonly Uint8Array[], digest = "sha256"): Buffer => {
  const mac = createHmac(digest, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

const bigEndian64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** The MAC that replaces an index, which only the devices can read. */
export function indexMac(keys: MutationKeys, index: Uint8Array): Buffer {
  return hmac(keys.index, [index]);
}

/** Encrypts a change; the result ends with its MAC. */
export function sealValue(
  keys: MutationKeys,
  { keyId }: AppStateKey,
  operation: Operation,
  plaintext: Uint8Array,
  iv: Uint8Array,
): Buffer {
  const cipher = createCipheriv("aes-256-cbc", keys.encryption, iv);
  const encrypted = Buffer.concat([iv, cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([encrypted, valueMac(keys, keyId, operation, encrypted)]);
}

/** Decrypts a change; undefined when it is not authentic. */
export function openValue(
  keys: MutationKeys,
  { keyId }: AppStateKey,
  operation: Operation,
  sealed: Uint8Array,
): Buffer | undefined {
  const encrypted = sealed.subarray(0, -MAC_LENGTH);
  if (!valueMac(keys, keyId, operation, encrypted).equals(sealed.subarray(-MAC_LENGTH))) return undefined;
  const decipher = createDecipheriv("aes-256-cbc", keys.encryption, encrypted.subarray(0, IV_LENGTH));
  return Buffer.concat([decipher.update(encrypted.subarray(IV_LENGTH)), decipher.final()]);
}

/** The MAC at the end of a sealed change. */
export function macOf(sealed: Uint8Array): Buffer {
  return Buffer.from(sealed.subarray(-MAC_LENGTH));
}

function valueMac(keys: MutationKeys, keyId: Buffer, operation: Operation, encrypted: Uint8Array): Buffer {
  // In the MAC, set is 1 and remove 2.
  const about = Buffer.concat([Buffer.of(operation + 1), keyId]);
  return hmac(keys.value, [about, encrypted, bigEndian64(about.length)], "sha512").subarray(0, MAC_LENGTH);
}

/** The MAC over the state of a collection at a version. */
export function snapshotMac(keys: MutationKeys, hash: Uint8Array, version: number, name: string): Buffer {
  return hmac(keys.snapshot, [hash, bigEndian64(version), Buffer.from(name)]);
}

/** The MAC over a patch. */
export function patchMac(
  keys: MutationKeys,
  snapshot: Uint8Array,
  valueMacs: readonly Uint8Array[],
  version: number,
  name: string,
): Buffer {
  return hmac(keys.patch, [snapshot, ...valueMacs, bigEndian64(version), Buffer.from(name)]);
}

/** The hash of an empty collection. */
export function emptyHash(): Buffer {
  return Buffer.alloc(HASH_LENGTH);
}

/**
 * A hash that MACs can be added to and removed from in any order: each is expanded to 128 bytes, and those are added or
 * subtracted as 64 numbers of 16 bits that wrap around.
 */
export function mixedHash(
  hash: Uint8Array,
  added: readonly Uint8Array[],
  removed: readonly Uint8Array[],
): Buffer {
  const result = Buffer.from(hash);
  const mix = (mac: Uint8Array, sign: 1 | -1): void => {
    const expanded = Buffer.from(
      hkdfSync("sha256", mac, new Uint8Array(0), "WhatsApp Patch Integrity", HASH_LENGTH),
    );
    for (let at = 0; at < HASH_LENGTH; at += 2) {
      const sum = result.readUInt16LE(at) + sign * expanded.readUInt16LE(at);
      result.writeUInt16LE(sum & 0xffff, at);
    }
  };
  for (const mac of removed) mix(mac, -1);
  for (const mac of added) mix(mac, 1);
  return result;
}
