/**
 * Deletes credentials and Signal keys. Whether they may go is decided by what the store holds in the moment of the deletion: another
 * process may have linked the session since this one has read it.
 */
import { type SessionSpace, sessionSpace } from "../store/space/session-space.js";
import type { Store, StoredValue } from "../store/store.js";
import { RECEIVED_FAMILY } from "./received-ids.js";
import { UNJUDGED_FAMILY } from "./staged-changes.js";
import { SENT_FAMILY } from "./sent-messages.js";
import {
  CREDS_FAMILY,
  CREDS_IDS,
  CREDS_PLACES,
  credentialsOf,
  isLinked,
  SIGNAL_FAMILIES,
} from "./credentials.js";

/** Records that are written in one batch with a wipe. */
interface WipedWith {
  /** Keys that the others depend on. */
  readonly keys: readonly string[];
  /** What to write, from what is stored under the keys. */
  readonly entries: (stored: ReadonlyMap<string, StoredValue>) => ReadonlyMap<string, unknown>;
}

/** Options of {@link wipeAuthState}. */
export interface WipeOptions {
  /** Whether the mark of a link stays, if there is one: other credentials are to follow. Default false. */
  readonly keepsMark?: boolean;
  /** Whether they may be wiped, by their records as they are stored in that moment. Default: whatever is stored. */
  readonly mayWipe?: (stored: ReadonlyMap<string, StoredValue>) => boolean;
  readonly along?: WipedWith | undefined;
}

/**
 * Deletes the credentials, all Signal keys and the kept messages of a session; its other keys stay. Close its auth state first. Settles when all are
 * deleted, with false when they may not be; rejects with `STORE_UNAVAILABLE`. May be repeated.
 */
export async function wipeAuthState(
  store: Store,
  sessionId: string,
  { keepsMark = false, mayWipe = () => true, along }: WipeOptions = {},
): Promise<boolean> {
  const space = sessionSpace(store, sessionId);
  const ids = keepsMark ? CREDS_PLACES : CREDS_IDS;
  const condition = { family: CREDS_FAMILY, ids: CREDS_IDS, others: along?.keys };
  // The credentials first, in one batch: without them, the next load deletes what a crash left of the keys.
  const isWiped = await space.change(condition, (found, others) => {
    if (!mayWipe(found)) return undefined;
    const entries = ids.map((id) => ({ family: CREDS_FAMILY, id, value: null }));
    return { entries, others: along?.entries(others) };
  });
  if (isWiped) await dropKeys(space, ids);
  return isWiped;
}

/** Deletes the credentials of a link that was never made. Settles with false when the store holds those of a link, and keeps them. */
export function wipeHalfLink(store: Store, sessionId: string): Promise<boolean> {
  return wipeAuthState(store, sessionId, { mayWipe: isHalfLink });
}

/** Deletes the keys of a former identity, left by a wipe that did not finish: they don't fit the next identity. */
export async function dropLeftovers(space: SessionSpace): Promise<void> {
  const counts = await space.counts();
  if (SIGNAL_FAMILIES.some((family) => (counts.get(family) ?? 0) > 0)) await dropKeys(space, CREDS_IDS);
}

/** Unless credentials are stored in the meantime: the keys are theirs then. */
function dropKeys(space: SessionSpace, absent: readonly string[]): Promise<void> {
  return space.deleteFamilies([...SIGNAL_FAMILIES, RECEIVED_FAMILY, SENT_FAMILY, UNJUDGED_FAMILY], {
    family: CREDS_FAMILY,
    ids: absent,
  });
}

/** What can't be read may be a link. */
function isHalfLink(stored: ReadonlyMap<string, StoredValue>): boolean {
  try {
    const { newest, marked } = credentialsOf(stored);
    return !marked && (newest === undefined || !isLinked(newest.value));
  } catch {
    return false;
  }
}
