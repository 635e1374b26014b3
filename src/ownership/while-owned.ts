/** Work on a store that must have it for itself, and is no manager. */
import { SILENT } from "../api/logger.js";
import type { Store } from "../store/store.js";
import { ProcessOwnership } from "./process-ownership.js";

/**
 * Owns the store until the work settles, and settles as the work does. Rejects with `STORE_IN_USE` while another process, or a manager
 * of this one, does. What the work writes is refused once the ownership is lost.
 */
export async function whileOwned<T>(store: Store, work: () => Promise<T>): Promise<T> {
  const listener = { onExpired: () => {}, onConfirmed: () => {}, onLost: () => {} };
  const ownership = new ProcessOwnership({ store, listener, logger: SILENT });
  await ownership.claim({ wait: false, signal: new AbortController().signal });
  try {
    return await work();
  } finally {
    await ownership.release();
  }
}
