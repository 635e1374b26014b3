/** Bringing a whole store to its newest encryption key. */
import type { Store } from "./store.js";
import { generationKeys } from "./generations.js";
import { recordKey, registryKey, SENTINEL_KEY } from "./keys.js";
import { SessionList } from "./sessions/session-list.js";
import { REGISTRY_SHARDS } from "./sessions/registry-shards.js";
import { rewriteKeys } from "./space/rewrite.js";
import { rewriteSpace } from "./space/session-space.js";

/** Options of {@link reencrypt}. */
export interface ReencryptOptions {
  /** Told after each session. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Seals every record of a store with the first of its `encryptionKeys`; afterwards the others can be dropped. With no keys
 * given nothing is gained, and sealed records can't be read. Run it while no engine works on the store. Safe to repeat after a
 * crash. Gives the number of records written.
 */
export async function reencrypt(store: Store, options: ReencryptOptions = {}): Promise<number> {
  const { live, deleting } = await new SessionList(store).ids();
  const ids = [...live, ...deleting];
  let written = 0;
  for (const [index, id] of ids.entries()) {
    written += await rewriteSpace(store, id);
    written += await rewriteKeys(store, id, generationKeys(recordKey(id)));
    options.onProgress?.({ done: index + 1, total: ids.length });
  }
  const shards = Array.from({ length: REGISTRY_SHARDS }, (_, shard) =>
    generationKeys(registryKey(shard)),
  ).flat();
  // The sentinel last: once it opens with the new key alone, everything does.
  return (
    written +
    (await rewriteKeys(store, "wa/index", shards)) +
    (await rewriteKeys(store, "wa/index", [SENTINEL_KEY]))
  );
}
