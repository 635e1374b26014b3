/** Whether stored credentials may be deleted, by what is stored in that moment. */
import type { WipeCause } from "../api/backup.js";
import { CREDS_FAMILY, CREDS_PLACES, credentialsOf, isLinked } from "../auth/credentials.js";
import { sessionSpace } from "../store/space/session-space.js";
import type { Store, StoredValue } from "../store/store.js";
import type { Copy } from "./tombstone-form.js";

/** Which credentials are deleted, and why. */
export interface Wipe {
  readonly cause: WipeCause;
  /** Whether a copy is kept, as long as the option says. False also deletes the one of before. Default true. */
  readonly tombstone?: boolean;
  /** The public identity key of the credentials that may go; others are kept. Default: any. */
  readonly identity?: Uint8Array | undefined;
  /** Written in the same batch. */
  readonly along?: ReadonlyMap<string, unknown>;
}

/** Whether the store holds no credentials of a session at all, readable or not. */
export async function hasNoCredentials(store: Store, sessionId: string): Promise<boolean> {
  return (await sessionSpace(store, sessionId).readEach(CREDS_FAMILY, CREDS_PLACES)).size === 0;
}

/** What is to happen to the credentials that are stored in this moment. */
export interface Judgement {
  readonly wipes: boolean;
  /** Whether they are those of a link, as far as that can be read. */
  readonly isLink?: boolean;
  /** Whether they have changed since the copy was made. */
  readonly again?: boolean;
}

/** Decides it, of what is stored, of the wipe and of the copy that was made before. */
export function judge(
  stored: ReadonlyMap<string, StoredValue>,
  { identity }: Wipe,
  copy: Copy | undefined,
): Judgement {
  const newest = readable(stored);
  // A command may delete what can't be read; what WhatsApp said was of something that could.
  if (newest === "corrupt") return { wipes: identity === undefined, isLink: true };
  if (newest === undefined || !isLinked(newest.value)) return { wipes: true, isLink: false };
  const own = Buffer.from(newest.value.signedIdentityKey.public);
  if (identity !== undefined && !own.equals(identity)) return { wipes: false };
  const again = copy !== undefined && copy.generation !== newest.number;
  return { wipes: !again, isLink: true, again };
}

function readable(
  stored: ReadonlyMap<string, StoredValue>,
): ReturnType<typeof credentialsOf>["newest"] | "corrupt" {
  try {
    return credentialsOf(stored).newest;
  } catch {
    return "corrupt";
  }
}
