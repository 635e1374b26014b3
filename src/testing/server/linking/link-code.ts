/** The cryptography of linking by pairing code: eight typed characters protect an exchange of ephemeral keys. */
import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { sharedSecret, type KeyPair, type RandomBytes } from "../../signal/index.js";

const deriveKey = promisify(pbkdf2);
const ITERATIONS = 131_072;
const SALT_LENGTH = 32;
const IV_LENGTH = 16;
const GCM_IV_LENGTH = 12;
const GCM_TAG_LENGTH = 16;
const KEY_LENGTH = 32;

/** Bytes of a wrapped ephemeral key: salt, IV, ciphertext. */
export const WRAPPED_KEY_LENGTH = SALT_LENGTH + IV_LENGTH + KEY_LENGTH;

/** The characters of a pairing code. */
export const PAIRING_CODE_PATTERN = /^[1-9A-HJ-NP-TV-Z]{8}$/u;

/** Wraps an ephemeral public key with a pairing code. */
export async function wrapEphemeral(
  code: string,
  publicKey: Uint8Array,
  random: RandomBytes,
): Promise<Buffer> {
  const salt = random(SALT_LENGTH);
  const iv = random(IV_LENGTH);
  const cipher = createCipheriv(
    "aes-256-ctr",
    await deriveKey(code, salt, ITERATIONS, KEY_LENGTH, "sha256"),
    iv,
  );
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()]);
}

/** Unwraps an ephemeral public key. A wrong code yields another key, not an error. */
export async function unwrapEphemeral(code: string, wrapped: Uint8Array): Promise<Buffer> {
  const salt = wrapped.subarray(0, SALT_LENGTH);
  const iv = wrapped.subarray(SALT_LENGTH, SALT_LENGTH + IV_LENGTH);
  const key = await deriveKey(code, salt, ITERATIONS, KEY_LENGTH, "sha256");
  const decipher = createDecipheriv("aes-256-ctr", key, iv);
  return Buffer.concat([decipher.update(wrapped.subarray(SALT_LENGTH + IV_LENGTH)), decipher.final()]);
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
  const companionIdentity = plaintext.subarray(0, KEY_LENGTH);
  const namedPhone = plaintext.subarray(KEY_LENGTH, 2 * KEY_LENGTH);
  const random = plaintext.subarray(2 * KEY_LENGTH);
  if (random.length !== KEY_LENGTH || !namedPhone.equals(phoneIdentity.publicKey)) return undefined;
  const identityShared = sharedSecret(phoneIdentity.privateKey, companionIdentity);
  const material = Buffer.concat([shared, identityShared, random]);
  const advSecret = Buffer.from(hkdfSync("sha256", material, new Uint8Array(0), "adv_secret", KEY_LENGTH));
  return { companionIdentity, advSecret };
}

function decryptBundle(bundle: Uint8Array, shared: Uint8Array): Buffer | undefined {
  if (bundle.length < SALT_LENGTH + GCM_IV_LENGTH + GCM_TAG_LENGTH) return undefined;
  const salt = bundle.subarray(0, SALT_LENGTH);
  const iv = bundle.subarray(SALT_LENGTH, SALT_LENGTH + GCM_IV_LENGTH);
  const info = "link_code_pairing_key_bundle_encryption_key";
  const key = new Uint8Array(hkdfSync("sha256", shared, salt, info, KEY_LENGTH));
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAuthTag(bundle.subarray(bundle.length - GCM_TAG_LENGTH));
  try {
    const body = bundle.subarray(SALT_LENGTH + GCM_IV_LENGTH, bundle.length - GCM_TAG_LENGTH);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    // Not authentic: the companion derived its key from another code than the one typed on the phone.
    return undefined;
  }
}
