/** Whether the store holds the credentials of a link. */
import { withDeadline } from "../async/deadline.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { type SessionSpace, sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import { isLinked, readCredentials } from "./credentials.js";
import { DEFAULT_AUTH_LIMITS } from "./write-gate.js";

/**
 * Whether a session's store holds linked credentials, after all writes of the session. Makes none, and loads no library. Rejects with
 * `STORE_UNAVAILABLE`, and with `STORE_CORRUPT` when linked ones are missing or can't be read.
 */
export async function isLinkStored(store: Store, sessionId: string): Promise<boolean> {
  const space = sessionSpace(store, sessionId);
  await settledWrites(space, DEFAULT_AUTH_LIMITS.readTimeoutMs);
  const { newest } = await readCredentials(space);
  return newest !== undefined && isLinked(newest.value);
}

/**
 * Waits for the writes of an earlier auth state of the session, also for those that have failed and may be applied late: what they change
 * must not be read before.
 */
export async function settledWrites(space: SessionSpace, timeoutMs: number): Promise<void> {
  try {
    await withDeadline("The store", timeoutMs, () => space.certain());
  } catch (cause) {
    if (isZpwootError(cause)) throw cause;
    throw new ZpwootError("STORE_UNAVAILABLE", "Earlier writes of the session are still under way", {
      cause,
    });
  }
}
