/** The key derivations and the ciphers of Signal's ratchets. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { SignalError } from "./signal-error.js";

/** The keys one message is encrypted and authenticated with. */
export interface MessageKeys {
  /** AES-256 key. */
  readonly cipherKey: Uint8Array;
  /** HMAC-SHA256 key. */
  readonly macKey: Uint8Array;
  /** CBC initialisation vector, 16 bytes. */
  readonly iv: Uint8Array;
}

/** How many messages a chain may be wound forward for one message: libsignal's bound, so both sides refuse the same. */
export const MAX_FORWARD_JUMP = 2000;

const MESSAGE_SEED = Uint8Array.of(1);
const CHAIN_SEED = Uint8Array.of(2);
const ZERO_SALT = new Uint8Array(32);

/** HKDF-SHA256 with a label; the salt is 32 zero bytes by default. */
export function deriveSecret(
  secret: Uint8Array,
  label: string,
  length: number,
  salt: Uint8Array = ZERO_SALT,
): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, label, length));
}

/** HMAC-SHA256 over the parts in order. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** The seed of the message at the chain key's position. */
export function messageSeed(chainKey: Uint8Array): Uint8Array {
  return hmac(chainKey, MESSAGE_SEED);
}

/** The chain key of the next position; the old one can't be computed back. */
export function nextChainKey(chainKey: Uint8Array): Uint8Array {
  return hmac(chainKey, CHAIN_SEED);
}

/** A root key and the chain key that hangs on it, from one Diffie-Hellman result. */
export function ratchetStep(
  rootKey: Uint8Array,
  secret: Uint8Array,
): { readonly rootKey: Uint8Array; readonly chainKey: Uint8Array } {
  const derived = deriveSecret(secret, "WhisperRatchet", 64, rootKey);
  return { rootKey: derived.subarray(0, 32), chainKey: derived.subarray(32) };
}

/** The keys of a one-to-one message from its seed. */
export function messageKeys(seed: Uint8Array): MessageKeys {
  const derived = deriveSecret(seed, "WhisperMessageKeys", 80);
  return {
    cipherKey: derived.subarray(0, 32),
    macKey: derived.subarray(32, 64),
    iv: derived.subarray(64),
  };
}

/** AES-256-CBC with PKCS#7 padding. */
export function encryptCbc(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** The reverse of {@link encryptCbc}. Throws a {@link SignalError} for a wrong length or padding. */
export function decryptCbc(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("aes-256-cbc", key, iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new SignalError("undecryptable", "The ciphertext of a message can't be decrypted", { cause });
  }
}

/** Compares two values without telling by its duration where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
