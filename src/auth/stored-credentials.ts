/** Reading the credentials of a session, with every doubt turned into an error instead of a new account. */
import { ZpwootError } from "../errors.js";
import type { Credentials } from "../whatsapp/library.js";
import type { StoredValue } from "../store/store.js";
import { type Generation, newestGeneration } from "../store/generations.js";
import type { SessionSpace } from "../store/space/session-space.js";
import { CREDS_FAMILY, CREDS_PLACES, LINK_MARK } from "./auth-keys.js";
import { isLinked } from "./credentials.js";

/** What the store holds of a session's credentials. */
export interface StoredCredentials {
  /** Undefined when the session was never linked nor begun to be. */
  readonly newest: Generation<Credentials> | undefined;
  /** Whether linked credentials were ever stored and not wiped. */
  readonly marked: boolean;
}

/**
 * Reads the credentials. Rejects with `STORE_UNAVAILABLE` when nothing can be known, with `STORE_CORRUPT` when they were
 * linked and can't be read or are gone.
 */
export async function readCredentials(space: SessionSpace): Promise<StoredCredentials> {
  const stored = await space.readEach(CREDS_FAMILY, [...CREDS_PLACES, LINK_MARK]);
  const newest = newestGeneration<Credentials>(CREDS_FAMILY, byPlace(stored));
  const marked = stored.has(LINK_MARK);
  if (newest === undefined) {
    if (marked) throw corrupt("The session was linked, but its credentials are not in the store");
    return { newest, marked };
  }
  if (!isCredentials(newest.value)) throw corrupt("The session's credentials are not of the expected form");
  if (marked && !isLinked(newest.value))
    throw corrupt("The session was linked, but only older, unlinked credentials can be read");
  return { newest, marked };
}

function byPlace(stored: ReadonlyMap<string, StoredValue>): ReadonlyMap<string, StoredValue> {
  return new Map([...stored].map(([place, value]) => [`${CREDS_FAMILY}.${place}`, value]));
}

/** Whether the parts are there without which nothing could be done with them. */
export function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null) return false;
  const creds = value as Partial<Credentials>;
  return [creds.noiseKey, creds.signedIdentityKey, creds.signedPreKey].every(
    (part) => typeof part === "object" && part !== null,
  );
}

function corrupt(what: string): ZpwootError {
  return new ZpwootError("STORE_CORRUPT", `${what}. Nothing was overwritten.`);
}
