/** Rewriting a whole store with its newest encryption key. */
import type { Store, Turn } from "./store.js";
import { generationKeys } from "./generations.js";
import { OWNER_KEY, OWNER_LEASE_KEY, recordKey, SENTINEL_KEY } from "./keys.js";
import { SessionList, sessionListKeys } from "./sessions/session-list.js";
import { nameKeyOf, storedName } from "./sessions/session-names.js";
import { withAllKeys } from "./space/session-space.js";

/** Options of {@link reencrypt}. */
export interface ReencryptOptions {
  /** Called after each session. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Records per batch. */
const CHUNK = 500;

/** The scope of writes that belong to no session. */
const INDEX_SCOPE = "wa/index";

/**
 * Encrypts every record of a store with the first of its `encryptionKeys`; the other keys can be dropped afterwards. A store
 * opened without keys can't read encrypted records and changes nothing. Run it while no engine uses the store. Can be repeated
 * after a crash. Settles with the number of records written; rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when a list
 * can't be read.
 */
export async function reencrypt(store: Store, options: ReencryptOptions = {}): Promise<number> {
  const { live, deleting } = await new SessionList(store).ids();
  const ids = [...live, ...deleting];
  let written = 0;
  for (const [index, id] of ids.entries()) {
    written += await withAllKeys(store, id, (keys, turn) => rewrite(store, turn, keys));
    const session = await storedName(store, id);
    const name = session === undefined ? [] : [nameKeyOf(session)];
    written += await rewrite(store, id, [...generationKeys(recordKey(id)), ...name]);
    options.onProgress?.({ done: index + 1, total: ids.length });
  }
  written += await rewrite(store, INDEX_SCOPE, [...sessionListKeys(), OWNER_KEY, OWNER_LEASE_KEY]);
  // The sentinel last: once it can be read with the new key alone, so can everything else.
  return written + (await rewrite(store, INDEX_SCOPE, [SENTINEL_KEY]));
}

/** Reads and writes back the keys that exist and can be read. Settles with their number. */
async function rewrite(store: Store, scope: string | Turn, keys: readonly string[]): Promise<number> {
  let written = 0;
  for (let start = 0; start < keys.length; start += CHUNK) {
    const stored = await store.readEach(keys.slice(start, start + CHUNK));
    const readable = [...stored].filter(([, { corrupt }]) => corrupt === undefined);
    await store.write(scope, new Map(readable.map(([key, { value }]) => [key, value])));
    written += readable.length;
  }
  return written;
}
