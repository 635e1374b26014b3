/** The records that a tombstone is made of: the first holds the session's record and the credentials, the others Signal keys. */
import { setImmediate } from "node:timers/promises";
import type { SessionRecord } from "../api/session-record.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { Encoded, encode } from "../store/codec.js";
import type { Store } from "../store/store.js";
import { RATCHETS, readPortableAuth } from "./portable-auth.js";
import { type PortableAuth, portableAuthIn } from "./portable-form.js";
import { tombstoneParts } from "../store/sessions/tombstone-list.js";

/** Characters of one part, about: serialising one does not hold up the others. */
const PART_CHARS = 250_000;

/** Characters of all parts. Further keys are left out, encryption sessions with contacts first: the protocol makes new ones. */
const MAX_CHARS = 8_000_000;

/** A copy of what is stored, to be written in the batch that deletes it. */
export interface Copy {
  /** Of the credentials; 0 when there is no link, and nothing to keep. */
  readonly generation: number;
  readonly parts: readonly Encoded[];
  readonly keys: number;
  /** How many keys there was no room for. */
  readonly leftOut: number;
}

/** Copies a session that is not connected. Undefined when it can't be read. Rejects with `STORE_UNAVAILABLE`. */
export async function copyOf(
  store: Store,
  sessionId: string,
  record: SessionRecord | undefined,
): Promise<Copy | undefined> {
  try {
    return await inParts(await readPortableAuth(store, sessionId), record);
  } catch (error) {
    if (isZpwootError(error, "INVALID_INPUT")) return { generation: 0, parts: [], keys: 0, leftOut: 0 };
    if (isZpwootError(error, "STORE_CORRUPT")) return undefined;
    throw error;
  }
}

/** What a tombstone holds. */
export interface TombstoneContent {
  /** Undefined when it could not be read. */
  readonly record: SessionRecord | undefined;
  readonly auth: PortableAuth;
}

/** Reads a tombstone. Signal keys in a part that is damaged are left out. Rejects with `STORE_CORRUPT`, `STORE_UNAVAILABLE`. */
export async function contentOf(store: Store, sessionId: string, parts: number): Promise<TombstoneContent> {
  const stored = await store.readEach(tombstoneParts(sessionId, parts));
  const [head, ...others] = tombstoneParts(sessionId, parts).map((key) => stored.get(key)?.value);
  const { record, generation, creds } = (head ?? {}) as Partial<PortableAuth> & { record?: SessionRecord };
  const keys = others.flatMap((part) => (Array.isArray(part) ? (part as unknown[]) : []));
  try {
    return { record, auth: portableAuthIn({ generation, creds, keys }) };
  } catch {
    throw new ZpwootError("STORE_CORRUPT", "The session's tombstone can't be read; nothing was changed");
  }
}

async function inParts(auth: PortableAuth, record: SessionRecord | undefined): Promise<Copy> {
  const { generation, creds } = auth;
  const parts = [encode({ ...(record === undefined ? {} : { record }), generation, creds })];
  const isRatchet = ({ family }: { readonly family: string }): boolean => RATCHETS.includes(family);
  const ordered = [...auth.keys.filter((key) => !isRatchet(key)), ...auth.keys.filter(isRatchet)];
  let part: string[] = [];
  let [room, chars, leftOut] = [MAX_CHARS, 0, 0];
  const endPart = async (): Promise<void> => {
    if (part.length > 0) parts.push(new Encoded(`[${part.join()}]`));
    part = [];
    chars = 0;
    await setImmediate();
  };
  for (const key of ordered) {
    const { text } = encode(key);
    if (text.length > room) {
      leftOut += 1;
      continue;
    }
    part.push(text);
    room -= text.length;
    chars += text.length;
    if (chars >= PART_CHARS) await endPart();
  }
  await endPart();
  return { generation, parts, keys: ordered.length - leftOut, leftOut };
}
