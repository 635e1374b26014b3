/** The auth state of one session as a value: to be taken out of a store, and put into one. */
import type { WrittenAuth } from "../api/backup.js";
import { ZpwootError, isZpwootError } from "../errors.js";
import type { Credentials } from "../whatsapp/library.js";
import type { Store } from "../store/store.js";
import { encode } from "../store/codec.js";
import { encodedGeneration } from "../store/generations.js";
import { type SessionSpace, sessionSpace, type SpaceEntry } from "../store/space/session-space.js";
import { wipeAuthState } from "../auth/auth-state.js";
import { CREDS_FAMILY, CREDS_PLACES, LINK_MARK, SIGNAL_FAMILIES } from "../auth/auth-keys.js";
import { isLinked } from "../auth/credentials.js";
import { isCredentials, readCredentials, type StoredCredentials } from "../auth/stored-credentials.js";

/** One Signal key. */
export interface PortableKey {
  readonly family: string;
  readonly id: string;
  readonly value: unknown;
}

/** Credentials and Signal keys of one linked device. */
export interface PortableAuth {
  /** Counts up with every change of the credentials; of two copies the higher is the newer. 0: not known. */
  readonly generation: number;
  readonly creds: Credentials;
  readonly keys: readonly PortableKey[];
}

/** How {@link writePortableAuth} treats what is there. */
export interface WriteAuthOptions {
  /** Replace newer credentials, those of another device, or ones that can't be read. Default false. */
  readonly force?: boolean;
  /** The device went on since the copy was made: leave its sessions with contacts out. Default: if the store shows so. */
  readonly stale?: boolean;
}

/** Ratchets: an old one can't read what was sent since, and would use keys twice. The others are only looked up. */
const RATCHETS: readonly string[] = ["session", "sender-key", "sender-key-memory"];

const READ_CHUNK = 500;
const WRITE_CHUNK = 500;

/** A busy session changes its credentials between two reads; seldom more than once. */
const READ_TRIES = 10;

/**
 * Takes a copy, of a running session too. Rejects with `INVALID_INPUT` when the session is not linked, with
 * `STORE_UNAVAILABLE` or `STORE_CORRUPT` when it can't be read.
 */
export async function readPortableAuth(store: Store, sessionId: string): Promise<PortableAuth> {
  const space = sessionSpace(store, sessionId);
  for (let attempt = 1; ; attempt += 1) {
    const { newest } = await readCredentials(space);
    if (newest === undefined || !isLinked(newest.value)) {
      throw new ZpwootError(
        "INVALID_INPUT",
        "The session is not linked: there are no credentials to take out",
      );
    }
    const keys: PortableKey[] = [];
    for (const family of SIGNAL_FAMILIES) keys.push(...(await readFamily(space, family)));
    // The same credentials before and after: no pre-key among the keys that they don't know of.
    const after = (await readCredentials(space)).newest?.number;
    if (after === newest.number || attempt === READ_TRIES) {
      return { generation: newest.number, creds: newest.value, keys };
    }
  }
}

/**
 * Puts a copy into a session that is not running. Rejects with `INVALID_INPUT` and changes nothing when the store holds
 * newer credentials, another device's, or ones that can't be read, unless `force` is set. Older copies come without their
 * sessions with contacts. A crash in the middle leaves an unlinked session, to be repeated.
 */
export async function writePortableAuth(
  store: Store,
  sessionId: string,
  auth: PortableAuth,
  { force = false, stale = false }: WriteAuthOptions = {},
): Promise<WrittenAuth> {
  if (!isCredentials(auth.creds) || !isLinked(auth.creds)) {
    throw new ZpwootError("INVALID_INPUT", "The credentials to put in are not those of a linked device");
  }
  const space = sessionSpace(store, sessionId);
  await space.refresh();
  const existing = await existingCredentials(space, force);
  const verdict = compare(auth, existing);
  if (verdict.refusal !== undefined && !force) {
    throw new ZpwootError("INVALID_INPUT", `${verdict.refusal}. Use force to replace it.`);
  }
  const droppedSessions = stale || verdict.older;
  await wipeAuthState(store, sessionId);
  const wanted = SIGNAL_FAMILIES.filter((family) => !(droppedSessions && RATCHETS.includes(family)));
  const keys = auth.keys.filter(({ family }) => wanted.includes(family));
  for (let start = 0; start < keys.length; start += WRITE_CHUNK)
    await space.write(keys.slice(start, start + WRITE_CHUNK));
  // Last: until they are there, whatever was written so far is dropped by the next load.
  await space.write(credsEntries(auth, Math.max(auth.generation, existing?.newest?.number ?? 0) + 1));
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

/** With `force`, credentials that can't be read count as none. */
async function existingCredentials(
  space: SessionSpace,
  force: boolean,
): Promise<StoredCredentials | undefined> {
  try {
    return await readCredentials(space);
  } catch (error) {
    if (force && isZpwootError(error, "STORE_CORRUPT")) return undefined;
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

function credsEntries({ creds }: PortableAuth, generation: number): readonly SpaceEntry[] {
  const place = CREDS_PLACES[generation % 2 === 0 ? 1 : 0];
  return [
    { family: CREDS_FAMILY, id: place, value: encodedGeneration(generation, encode(creds)) },
    { family: CREDS_FAMILY, id: LINK_MARK, value: true },
  ];
}
