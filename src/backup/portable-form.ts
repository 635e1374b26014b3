/** The auth state of one session as a value, and the checks of such a value: it came out of a file that anybody may have made. */
import { isCredentials, isLinked, SIGNAL_FAMILIES } from "../auth/credentials.js";
import { ZpwootError } from "../errors.js";
import type { Credentials } from "../whatsapp/library.js";
import { isSignalRecord } from "../whatsapp/libraries/signal-records.js";

/** One Signal key. */
export interface PortableKey {
  readonly family: string;
  readonly id: string;
  readonly value: unknown;
}

/** Credentials and Signal keys of one linked device. */
export interface PortableAuth {
  /** Counts up with every change of the credentials: the copy with the higher number is the newer one. 0 when unknown. */
  readonly generation: number;
  readonly creds: Credentials;
  readonly keys: readonly PortableKey[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Bytes of a private key, and of a public one with and without its kind. */
const PRIVATE_KEY_BYTES = [32];
const PUBLIC_KEY_BYTES = [32, 33];

/**
 * The auth state in a value, without keys of a form that no library reads: those count as absent.
 * @throws ZpwootError `INVALID_INPUT` for a value of another form, and for credentials that are not linked.
 */
export function portableAuthIn(value: unknown): PortableAuth {
  const { generation, creds, keys } = fieldsOf(value);
  if (!isCount(generation)) throw malformed("generation");
  if (!Array.isArray(keys)) throw malformed("keys");
  return { generation, creds: linkedCredentials(creds), keys: keys.map(keyIn).filter(isReadableKey) };
}

/**
 * The credentials in a value.
 * @throws ZpwootError `INVALID_INPUT` unless they are complete and linked.
 */
export function linkedCredentials(value: unknown): Credentials {
  if (!isCredentials(value)) throw malformed("creds");
  if (!isLinked(value)) throw invalid("The credentials to import are not those of a linked device");
  const fields: Fields = { ...value };
  const wrong = Object.keys(CREDENTIALS).find((name) => CREDENTIALS[name]?.(fields[name]) !== true);
  if (wrong !== undefined) throw malformed(`creds.${wrong}`);
  return value;
}

/** Whether a library can read the key, and knows its kind. */
export function isReadableKey({ family, value }: PortableKey): boolean {
  return SIGNAL_FAMILIES.includes(family) && value != null && isSignalRecord(family, value);
}

/** What a connection can't do without. */
const CREDENTIALS: Readonly<Record<string, (value: unknown) => boolean>> = {
  noiseKey: isKeyPair,
  signedIdentityKey: isKeyPair,
  signedPreKey: (value) => {
    const { keyPair, signature, keyId } = fieldsOf(value);
    return isKeyPair(keyPair) && signature instanceof Uint8Array && isCount(keyId);
  },
  registrationId: isCount,
  advSecretKey: (value) => typeof value === "string",
  account: (value) => typeof value === "object",
  me: (value) => typeof fieldsOf(value)["id"] === "string",
  nextPreKeyId: isCount,
  firstUnuploadedPreKeyId: isCount,
};

function isKeyPair(value: unknown): boolean {
  const { public: shared, private: secret } = fieldsOf(value);
  return hasLength(shared, PUBLIC_KEY_BYTES) && hasLength(secret, PRIVATE_KEY_BYTES);
}

function hasLength(value: unknown, lengths: readonly number[]): boolean {
  return value instanceof Uint8Array && lengths.includes(value.length);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function keyIn(value: unknown): PortableKey {
  const { family, id, value: stored } = fieldsOf(value);
  if (typeof family !== "string" || typeof id !== "string") throw malformed("keys");
  return { family, id, value: stored };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** Names the field, never what it holds. */
function malformed(field: string): ZpwootError {
  return invalid(`The copy to import is malformed: ${field} is missing or of an unexpected form`);
}

function invalid(message: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", message);
}
