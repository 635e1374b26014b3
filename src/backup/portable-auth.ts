/** The auth state of one session as a value that can be read from one store and written to another. */
import type { WrittenAuth } from "../api/backup.js";
import {
  CREDS_FAMILY,
  CREDS_PLACES,
  credsEntries,
  isLinked,
  readCredentials,
  SIGNAL_FAMILIES,
  type StoredCredentials,
} from "../auth/credentials.js";
import { wipeAuthState } from "../auth/wipe.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { encode } from "../store/codec.js";
import { type SessionSpace, sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import type { Credentials } from "../whatsapp/library.js";
import { linkedCredentials, type PortableAuth, type PortableKey } from "./portable-form.js";

/** Options of {@link writePortableAuth}. */
export interface WriteAuthOptions {
  /** Replace newer credentials, those of another device, or ones that can't be read. Default false. */
  readonly force?: boolean;
  /**
   * The device was used after the copy was made: leave its Signal sessions with contacts out. Default: true when the store holds
   * newer credentials.
   */
  readonly stale?: boolean;
}

/** Ratchets. An old one can't read messages sent since, and would use keys twice; keys of other families are only looked up. */
export const RATCHETS: readonly string[] = ["session", "sender-key", "sender-key-memory"];

const READ_CHUNK = 500;
const WRITE_CHUNK = 500;

/** A busy session may change its credentials between two reads, rarely more than once. */
const READ_TRIES = 10;

/**
 * Copies a session, which may be running. Rejects with `INVALID_INPUT` when the session is not linked, with `STORE_UNAVAILABLE` or
 * `STORE_CORRUPT` when it can't be read.
 */
export async function readPortableAuth(store: Store, sessionId: string): Promise<PortableAuth> {
  const space = sessionSpace(store, sessionId);
  for (let attempt = 1; ; attempt += 1) {
    const { newest } = await readCredentials(space);
    if (newest === undefined || !isLinked(newest.value)) {
      throw new ZpwootError("INVALID_INPUT", "The session is not linked: it has no credentials to export");
    }
    const keys: PortableKey[] = [];
    for (const family of SIGNAL_FAMILIES) keys.push(...(await readFamily(space, family)));
    // Unchanged credentials before and after: they know of every pre-key among the keys.
    const after = (await readCredentials(space)).newest?.number;
    if (after === newest.number || attempt === READ_TRIES) {
      return { generation: newest.number, creds: newest.value, keys };
    }
  }
}

/**
 * Checks whether {@link writePortableAuth} would write the copy, and changes nothing: the session may be running. Rejects as that does,
 * with `INVALID_INPUT` or `STORE_CORRUPT`, or with `STORE_UNAVAILABLE`.
 */
export async function checkReplaceable(
  store: Store,
  sessionId: string,
  auth: PortableAuth,
  options: WriteAuthOptions = {},
): Promise<void> {
  await replacing(sessionSpace(store, sessionId), auth, options);
}

/**
 * Writes a copy into a session that is not running. Rejects and changes nothing when the copy is not linked, or when the store
 * holds newer credentials or those of another device (`INVALID_INPUT`), or ones that can't be read (`STORE_CORRUPT`); `force`
 * overwrites them. The Signal sessions with contacts of an older copy are left out. A crash in the middle leaves a session that was
 * linked without credentials, and known as such; repeat the call then.
 */
export async function writePortableAuth(
  store: Store,
  sessionId: string,
  auth: PortableAuth,
  options: WriteAuthOptions = {},
): Promise<WrittenAuth> {
  const space = sessionSpace(store, sessionId);
  await space.refresh();
  const { existing, older } = await replacing(space, auth, options);
  const droppedSessions = options.stale === true || older;
  // The mark stays: a crash must not make a new session of a linked one.
  await wipeAuthState(store, sessionId, { keepsMark: true });
  const wanted = SIGNAL_FAMILIES.filter((family) => !(droppedSessions && RATCHETS.includes(family)));
  const keys = auth.keys.filter(({ family }) => wanted.includes(family));
  for (let start = 0; start < keys.length; start += WRITE_CHUNK)
    await space.write(keys.slice(start, start + WRITE_CHUNK));
  // Last: until the credentials are stored, the next load deletes the keys written so far.
  const generation = Math.max(auth.generation, existing?.newest?.number ?? 0) + 1;
  await space.write(credsEntries(generation, encode(auth.creds), { isLink: true }));
  return { keys: keys.length, droppedSessions };
}

async function readFamily(space: SessionSpace, family: string): Promise<PortableKey[]> {
  const ids = await space.ids(family);
  const keys: PortableKey[] = [];
  for (let start = 0; start < ids.length; start += READ_CHUNK) {
    for (const [id, { value, corrupt }] of await space.readEach(
      family,
      ids.slice(start, start + READ_CHUNK),
    )) {
      if (corrupt === undefined) keys.push({ family, id, value });
    }
  }
  return keys;
}

/** What a copy would replace, and whether it is older than that. Rejects when it may not. */
async function replacing(
  space: SessionSpace,
  auth: PortableAuth,
  { force = false }: WriteAuthOptions,
): Promise<{ readonly existing: StoredCredentials | undefined; readonly older: boolean }> {
  linkedCredentials(auth.creds);
  const existing = await existingCredentials(space, force);
  const { refusal, older } = compare(auth, existing);
  if (refusal !== undefined && !force)
    throw new ZpwootError("INVALID_INPUT", `${refusal}; use force to replace it`);
  return { existing, older };
}

/** The stored credentials. Ones that are gone, and with `force` ones that can't be read, are ignored. */
async function existingCredentials(
  space: SessionSpace,
  force: boolean,
): Promise<StoredCredentials | undefined> {
  try {
    return await readCredentials(space);
  } catch (error) {
    if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
    if (force || (await space.readEach(CREDS_FAMILY, CREDS_PLACES)).size === 0) return undefined;
    throw error;
  }
}

interface Verdict {
  readonly refusal?: string;
  readonly older: boolean;
}

function compare(auth: PortableAuth, existing: StoredCredentials | undefined): Verdict {
  const newest = existing?.newest;
  if (newest === undefined || !isLinked(newest.value)) return { older: false };
  if (!sameDevice(auth.creds, newest.value))
    return { older: false, refusal: "The session is linked as another device" };
  if (auth.generation >= newest.number) return { older: false };
  return { older: true, refusal: "The session holds newer credentials of the same device" };
}

function sameDevice(a: Credentials, b: Credentials): boolean {
  return Buffer.from(a.signedIdentityKey.public).equals(Buffer.from(b.signedIdentityKey.public));
}
