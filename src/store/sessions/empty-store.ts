/** What a store without sessions is: new, or one that was emptied in part. Said once, at the start. */
import type { Logger } from "../../api/logger.js";
import type { Store } from "../store.js";

/** A record of a session, in the key layout. */
const OF_SESSION = /^wa\/[^/]+\/(record\.[ab]|creds\/)/;

/** How long to look, and at how many keys: a server may be shared, and hold much else. */
const LOOK_MS = 2_000;
const MAX_KEYS = 100_000;

/** Logs, of a store that lists no session, that it was begun, or that records of sessions are in it all the same. */
export async function reportEmpty(
  store: Store,
  logger: Pick<Logger, "info" | "warn"> | undefined,
): Promise<void> {
  const fields = { store: store.description };
  if (await hasRemains(store))
    logger?.warn(
      fields,
      "Records of sessions were found without the list of them: the store was emptied, or restored, in part. Restore the rest from a backup",
    );
  else if (store.begun) logger?.info(fields, "A new store was begun: it holds no sessions");
}

async function hasRemains(store: Store): Promise<boolean> {
  const until = performance.now() + LOOK_MS;
  let seen = 0;
  for await (const keys of store.keys() ?? []) {
    if (keys.some((key) => OF_SESSION.test(key))) return true;
    seen += keys.length;
    if (seen >= MAX_KEYS || performance.now() >= until) return false;
  }
  return false;
}
