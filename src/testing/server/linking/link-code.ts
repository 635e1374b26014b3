/** The cryptography of linking by pairing code. Eight typed characters protect an exchange of ephemeral keys. */

import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { sharedSecret, type KeyPair, type RandomBytes } from "../../signal/index.js";

const deriveKey = promisify(pbkdf2);
const iterations = 131_072;
const saltLength = 32;
const ivLength = 16;
const gcmIvLength = 12;
const gcmTagLength = 16;
const keyLength = 32;

/** Bytes of a wrapped ephemeral key: salt, IV, ciphertext. */
export const wrappedKeyLength = saltLength + ivLength + keyLength;

/** The characters of a pairing code. */
export const pairingCodePattern = /^[1-9A-HJ-NP-TV-Z]{8}$/u;

/** Wraps an ephemeral public key with a pairing code. */
export async function wrapEphemeral(
  code: string,
  publicKey: Uint8Array,
  random: RandomBytes,
): Promise<Buffer> {
  const salt = random(saltLength);
  const iv = random(ivLength);
  const cipher = createCipheriv(
    "aes-256-ctr",
    await deriveKey(code, salt, iterations, keyLength, "sha256"),
    iv,
  );
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()]);
}

/** The ephemeral public key in a wrapping. A wrong code gives another key, not an error. */
export async function unwrapEphemeral(code: string, wrapped: Uint8Array): Promise<Buffer> {
  const salt = wrapped.subarray(0, saltLength);
  const iv = wrapped.subarray(saltLength, saltLength + ivLength);
  const key = await deriveKey(code, salt, iterations, keyLength, "sha256");
  const decipher = createDecipheriv("aes-256-ctr", key, iv);
  return Buffer.concat([decipher.update(wrapped.subarray(saltLength + ivLength)), decipher.final()]);
}

/** What the phone needs to open the companion's key bundle. */
export interface KeyBundleInput {
  readonly bundle: Uint8Array;
  /** The phone's ephemeral key of this exchange. */
  readonly ephemeral: KeyPair;
  readonly companionEphemeral: Uint8Array;
  readonly phoneIdentity: KeyPair;
}

/** The companion's identity and the secret both sides now share. */
export interface OpenedKeyBundle {
  readonly companionIdentity: Buffer;
  readonly advSecret: Buffer;
}

/** Opens a key bundle. Undefined when it was sealed for another code or another phone. */
export function openKeyBundle(input: KeyBundleInput): OpenedKeyBundle | undefined {
  const { bundle, ephemeral, companionEphemeral, phoneIdentity } = input;
  const shared = sharedSecret(ephemeral.privateKey, companionEphemeral);
  const plaintext = decryptBundle(bundle, shared);
  if (plaintext === undefined) return undefined;
  const companionIdentity = plaintext.subarray(0, keyLength);
  const namedPhone = plaintext.subarray(keyLength, 2 * keyLength);
  const random = plaintext.subarray(2 * keyLength);
  if (random.length !== keyLength || !namedPhone.equals(phoneIdentity.publicKey)) return undefined;
  const identityShared = sharedSecret(phoneIdentity.privateKey, companionIdentity);
  const material = Buffer.concat([shared, identityShared, random]);
  const advSecret = Buffer.from(hkdfSync("sha256", material, new Uint8Array(0), "adv_secret", keyLength));
  return { companionIdentity, advSecret };
}

function decryptBundle(bundle: Uint8Array, shared: Uint8Array): Buffer | undefined {
  if (bundle.length < saltLength + gcmIvLength + gcmTagLength) return undefined;
  const salt = bundle.subarray(0, saltLength);
  const iv = bundle.subarray(saltLength, saltLength + gcmIvLength);
  const info = "link_code_pairing_key_bundle_encryption_key";
  const key = new Uint8Array(hkdfSync("sha256", shared, salt, info, keyLength));
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAuthTag(bundle.subarray(bundle.length - gcmTagLength));
  try {
    const body = bundle.subarray(saltLength + gcmIvLength, bundle.length - gcmTagLength);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    // Not authentic: the companion derived its key from another code than the one typed on the phone.
    return undefined;
  }
}
