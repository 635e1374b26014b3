/** The credentials of a session: where they are stored, which are usable, and how they are read without ever guessing. */
import type { SignalDataTypeMap } from "whaileys";
import { ZpwootError } from "../errors.js";
import type { Encoded } from "../store/codec.js";
import { encodedGeneration, type Generation, newestGeneration } from "../store/generations.js";
import type { SessionSpace, SpaceEntry } from "../store/space/session-space.js";
import type { StoredValue } from "../store/store.js";
import type { Credentials, SocketFactory } from "../whatsapp/library.js";

/** A kind of Signal key, named as the library names it. */
export type SignalFamily = keyof SignalDataTypeMap;

/** All kinds of Signal keys: those of whaileys, then those that only Baileys 7 has. A wipe deletes them all. */
export const SIGNAL_FAMILIES: readonly string[] = [
  ...([
    "pre-key",
    "session",
    "sender-key",
    "sender-key-memory",
    "contacts-tc-token",
    "app-state-sync-key",
    "app-state-sync-version",
  ] satisfies SignalFamily[]),
  "lid-mapping",
  "device-list",
  "identity-key",
  "tctoken",
];

/** The family of the credentials and of the mark of a link. */
export const CREDS_FAMILY = "creds";

/** The two places of the credentials; each write uses the older one. */
export const CREDS_PLACES = ["a", "b"] as const;

/** Exists while the account is linked. If it exists and linked credentials do not, they were lost: the session is not new. */
export const LINK_MARK = "linked";

/** What the store holds of a session's credentials. */
export interface StoredCredentials {
  /** Undefined when the session has never been linked, and no link was started. */
  readonly newest: Generation<Credentials> | undefined;
  /** Whether linked credentials were stored and not wiped since. */
  readonly marked: boolean;
}

/** The ids of the records that {@link credentialsOf} needs. */
export const CREDS_IDS: readonly string[] = [...CREDS_PLACES, LINK_MARK];

/** The error of linked credentials that are not there. */
export function goneCredentials(): ZpwootError {
  return corrupt("The session was linked, but its credentials are not in the store");
}

/**
 * Reads the credentials. Rejects with `STORE_UNAVAILABLE` when the store does not answer, with `STORE_CORRUPT` when they were
 * linked and are missing or can't be read.
 */
export async function readCredentials(space: SessionSpace): Promise<StoredCredentials> {
  return credentialsOf(await space.readEach(CREDS_FAMILY, CREDS_IDS));
}

/** The credentials in the records of {@link CREDS_IDS}. Throws `STORE_CORRUPT` like {@link readCredentials}. */
export function credentialsOf(stored: ReadonlyMap<string, StoredValue>): StoredCredentials {
  const newest = newestGeneration(CREDS_FAMILY, byPlace(stored), credentialsIn);
  const marked = stored.has(LINK_MARK);
  if (newest === undefined) {
    if (marked) throw goneCredentials();
    return { newest, marked };
  }
  if (marked && !isLinked(newest.value))
    throw corrupt("The session was linked, but only older, unlinked credentials can be read");
  return { newest, marked };
}

/**
 * The entries that store a generation of the credentials: in the older place, or for a link in both, with its mark. The other
 * place would hold unlinked ones then, which don't replace linked ones that can't be read.
 */
export function credsEntries(
  generation: number,
  encoded: Encoded,
  { isLink }: { readonly isLink: boolean },
): readonly SpaceEntry[] {
  const value = encodedGeneration(generation, encoded);
  const older = CREDS_PLACES[generation % 2 === 0 ? 1 : 0];
  const places = isLink ? CREDS_PLACES : [older];
  const entries: SpaceEntry[] = places.map((id) => ({ family: CREDS_FAMILY, id, value }));
  if (isLink) entries.push({ family: CREDS_FAMILY, id: LINK_MARK, value: true });
  return entries;
}

function byPlace(stored: ReadonlyMap<string, StoredValue>): ReadonlyMap<string, StoredValue> {
  return new Map([...stored].map(([place, value]) => [`${CREDS_FAMILY}.${place}`, value]));
}

function credentialsIn(value: unknown): Credentials {
  if (!isCredentials(value)) throw corrupt("The session's credentials are of an unexpected form");
  return value;
}

function corrupt(what: string): ZpwootError {
  return new ZpwootError("STORE_CORRUPT", `${what}; nothing was overwritten`);
}

/** Whether a value has the parts that every use of credentials needs. */
export function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null) return false;
  const creds = value as Partial<Credentials>;
  return [creds.noiseKey, creds.signedIdentityKey, creds.signedPreKey].every(
    (part) => typeof part === "object" && part !== null,
  );
}

/** Whether the credentials belong to a linked device. `me` does not prove it: requesting a pairing code sets it, too. */
export function isLinked(creds: Pick<Credentials, "account">): boolean {
  return creds.account !== undefined && creds.account !== null;
}

/**
 * Unlinked credentials, fit for another try to link. Traces of an abandoned link are removed: with them the next connection would
 * log in as a device that does not exist. Secrets that were shown (in a QR code) are replaced.
 */
export function withoutHalfLink(
  stored: Credentials,
  library: Pick<SocketFactory, "initAuthCreds">,
): Credentials {
  const fresh = library.initAuthCreds();
  const { me: _me, ...rest } = stored;
  return {
    ...rest,
    pairingCode: undefined,
    registered: false,
    pairingEphemeralKeyPair: fresh.pairingEphemeralKeyPair,
    advSecretKey: fresh.advSecretKey,
  };
}
