/** Rewriting a whole store with its newest encryption key. */
import { generationKeys } from "./generations.js";
import {
  API_KEYS_KEY,
  apiKeyKey,
  apiKeyUseKey,
  CLIENT_VERSION_KEY,
  JOURNAL_KEY,
  OWNER_KEY,
  OWNER_LEASE_KEY,
  recordKey,
  SENTINEL_KEY,
} from "./keys.js";
import { ApiKeyRecords } from "./api-key-records.js";
import { sentinelValue } from "./sentinel.js";
import { SessionList, sessionListKeys } from "./sessions/session-list.js";
import { nameKeyOf, storedName } from "./sessions/session-names.js";
import { listedIn, tombstoneListKeys, tombstoneParts } from "./sessions/tombstone-list.js";
import { withAllKeys } from "./space/session-space.js";
import type { Store } from "./store.js";

/** Options of {@link reencrypt}. */
export interface ReencryptOptions {
  /** Called after each batch, with numbers of records. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Records per batch. */
const CHUNK = 500;

/** The scope of writes that belong to no session. */
const SCOPE = "wa/index";

/**
 * Written at other moments: those of the owner by the owner itself, which runs this, with the newest key; the journal, of adapters
 * without atomic batches, holds texts that are sealed already, and is gone after each batch. The sentinel comes last.
 */
const NOT_REWRITTEN: ReadonlySet<string> = new Set([OWNER_KEY, OWNER_LEASE_KEY, JOURNAL_KEY, SENTINEL_KEY]);

/**
 * Encrypts every record of a store with the first of its `encryptionKeys`; the other keys can be dropped afterwards, and nothing plain is
 * believed any more. A store opened without keys can't read encrypted records and changes nothing. Run it as the owner of the store. Can
 * be repeated after a crash. Settles with the number of records written; rejects with `STORE_UNAVAILABLE`, or `STORE_CORRUPT` when the
 * adapter can't list its keys, and a list of ours can't be read.
 */
export async function reencrypt(store: Store, options: ReencryptOptions = {}): Promise<number> {
  let [total, done] = [0, 0];
  for await (const keys of keysOf(store)) total += keys.length;
  for await (const keys of keysOf(store)) {
    for (let start = 0; start < keys.length; start += CHUNK) {
      done += await rewrite(store, keys.slice(start, start + CHUNK));
      options.onProgress?.({ done, total: Math.max(done, total) });
    }
  }
  // The sentinel last: once it can be read with the new key alone, so can everything else.
  await store.write(SCOPE, new Map([[SENTINEL_KEY, sentinelValue(store.encrypts)]]));
  return done + 1;
}

/** Writes back those of the keys that exist and can be read, unless they change in that moment. Settles with their number. */
async function rewrite(store: Store, keys: readonly string[]): Promise<number> {
  const written = await store.changeEach(
    SCOPE,
    keys,
    (stored) => {
      const readable = [...stored].filter(([, { corrupt }]) => corrupt === undefined);
      return readable.length === 0 ? undefined : new Map(readable.map(([key, { value }]) => [key, value]));
    },
    { fenced: true },
  );
  return written.length;
}

async function* keysOf(store: Store): AsyncGenerator<readonly string[]> {
  await store.open();
  for await (const keys of store.keys() ?? listedKeys(store))
    yield keys.filter((key) => !NOT_REWRITTEN.has(key));
}

/** All keys that the lists of the store lead to. */
async function* listedKeys(store: Store): AsyncGenerator<readonly string[]> {
  const { live, deleting } = await new SessionList(store).ids();
  for (const id of [...live, ...deleting]) {
    const session = await storedName(store, id);
    const name = session === undefined ? [] : [nameKeyOf(session)];
    const own = await withAllKeys(store, id, async (keys) => keys);
    yield [...own, ...generationKeys(recordKey(id)), ...name];
  }
  yield [...sessionListKeys(), CLIENT_VERSION_KEY];
  const keyIds = await new ApiKeyRecords(store).ids();
  yield [...generationKeys(API_KEYS_KEY), ...keyIds.flatMap((id) => [apiKeyKey(id), apiKeyUseKey(id)])];
  const tombstones = listedIn(await store.readEach(tombstoneListKeys()));
  yield tombstoneListKeys();
  for (const [id, { parts }] of tombstones) yield tombstoneParts(id, parts);
}
