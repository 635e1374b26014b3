/**
 * Encryption of stored values: AES-256-GCM, one envelope per record. The envelope names its encryption key by an id derived from
 * the key, so that a missing key can be told from a damaged record. The record's place is authenticated, so that two records
 * can't be swapped. Ids in the names of records (phone numbers of contacts among them) are not encrypted. Each record has a key
 * of its own, derived from the encryption key and a random salt: random IVs under one key are safe for 2^32 records only
 * (NIST SP 800-38D, 8.3), which a busy store writes in weeks.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { ZpwootError } from "../errors.js";
import { Encoded, type RecordCodec } from "./codec.js";

/** A key of 32 bytes: the bytes themselves, or as base64 or hex. */
export type EncryptionKey = string | Uint8Array;

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Every envelope starts with this. No stored value has a property of that name. */
const HEAD = '{"$sealed":"';

/** A parsed key. */
interface NamedKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Whether a stored text is an envelope, whoever made it. */
export function isSealed(stored: string): boolean {
  return stored.startsWith(HEAD);
}

/**
 * The codec for those keys: the first one encrypts, any of them decrypts. Without keys, records are stored in plain text.
 * Plain records can be read until `requireSealed` is called; `reencrypt` encrypts them. Throws `INVALID_OPTION` for a key of another form.
 */
export function createRecordCodec(keys: readonly EncryptionKey[] = []): RecordCodec {
  const named = keys.map(parseKey);
  const byId = new Map(named.map((key) => [key.id, key]));
  const [newest] = named;
  let sealedOnly = false;
  return {
    encrypts: newest !== undefined,
    requireSealed: () => {
      sealedOnly = newest !== undefined;
    },
    seal: (place, encoded) => (newest === undefined ? encoded.text : seal(newest, place, encoded.text)),
    open: (place, stored) => {
      if (isSealed(stored)) return new Encoded(open(byId, place, stored));
      // Whoever can write to the store, and has no key, could have made it.
      if (sealedOnly) throw new Error("The record is not sealed");
      return new Encoded(stored);
    },
  };
}

/** Throws `INVALID_OPTION` without quoting the key. */
function parseKey(key: EncryptionKey): NamedKey {
  const bytes =
    typeof key === "string"
      ? Buffer.from(key, /^[0-9a-f]{64}$/i.test(key) ? "hex" : "base64")
      : Buffer.from(key);
  if (bytes.length !== KEY_BYTES) {
    const sentence = `encryptionKeys: a key must be ${KEY_BYTES} bytes, given as bytes, base64 or hex. Make one with: openssl rand -base64 32`;
    throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
  }
  const id = createHash("sha256").update("zpwoot key id").update(bytes).digest("hex").slice(0, 12);
  return { id, bytes };
}

function seal(key: NamedKey, place: string, text: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", recordKey(key, salt), iv).setAAD(Buffer.from(place));
  const data = Buffer.concat([salt, iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${HEAD}${key.id}","data":"${data.toString("base64")}"}`;
}

function recordKey(key: NamedKey, salt: Buffer): Buffer {
  return createHmac("sha256", key.bytes).update("zpwoot record key").update(salt).digest();
}

function open(keys: ReadonlyMap<string, NamedKey>, place: string, stored: string): string {
  const envelope = JSON.parse(stored) as { readonly $sealed: string; readonly data: string };
  const key = keys.get(envelope.$sealed);
  if (key === undefined) throw missingKey(envelope.$sealed);
  const data = Buffer.from(envelope.data, "base64");
  const salt = data.subarray(0, SALT_BYTES);
  const body = data.subarray(SALT_BYTES + IV_BYTES, -TAG_BYTES);
  const iv = data.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", recordKey(key, salt), iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(data.subarray(-TAG_BYTES));
  const text = decipher.update(body, undefined, "utf8");
  return text + decipher.final("utf8");
}

/** Not `STORE_CORRUPT`: the record is intact and must not be replaced. */
function missingKey(id: string): ZpwootError {
  return new ZpwootError(
    "STORE_UNAVAILABLE",
    `The store is encrypted with the key ${id}, which is not among the encryptionKeys; nothing was overwritten`,
    { permanent: true },
  );
}
