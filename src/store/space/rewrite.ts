/** Writing records anew as they are. */
import type { Store } from "../store.js";

/** Records per batch. */
const CHUNK = 500;

/** Reads and writes back those of the keys that exist and can be read. Gives their number. */
export async function rewriteKeys(store: Store, scope: string, keys: readonly string[]): Promise<number> {
  let written = 0;
  for (let start = 0; start < keys.length; start += CHUNK) {
    const stored = await store.readEach(keys.slice(start, start + CHUNK));
    const readable = [...stored].filter(([, { corrupt }]) => corrupt === undefined);
    await store.write(scope, new Map(readable.map(([key, { value }]) => [key, value])));
    written += readable.length;
  }
  return written;
}
