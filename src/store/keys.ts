/**
 * The key layout of the store.
 *
 *     wa/sentinel                          proves that other records are absent
 *     wa/owner                             who runs the sessions; its text is the fence of every write
 *     wa/owner-lease                       until when that process is alive
 *     wa/cluster                           the name of a cluster, and the key of what its nodes say to each other
 *     wa/nodes                             the nodes of a cluster
 *     wa/node/<node>                       a node that has not been given up; its text is the fence of every write of the node
 *     wa/node-lease/<node>                 until when that node is alive, and how many sessions it runs
 *     wa/holder/of-<session>               which node runs a session; its text is the fence of every write of the session
 *     wa/journal                           unfinished work of adapters without atomic batches
 *     wa/api-keys.a|b                      ids of the API keys of the HTTP adapter, the same in both
 *     wa/api-key/<id>                      one API key, as a hash
 *     wa/api-key/<id>/used                 when it was last used
 *     wa/client-version                    the last client version that WhatsApp accepted, and the breaker of a refused one
 *     wa/index/<shard>.a|b                 the session list: ids of sessions, and of those being deleted
 *     wa/name/<hash>                       the id of the session that has a name
 *     wa/tombstones/<shard>.a|b            which sessions have a tombstone: a copy of credentials that were deleted
 *     wa/tombstone/<session>/<part>        the parts of such a copy
 *     wa/<session>/record.a|b              the session's record
 *     wa/<session>/keys.a|b                the session's key list: names of its pages
 *     wa/<session>/keys/<family>/<page>.a|b  a page of the key list
 *     wa/<session>/<family>/<id>           everything else: credentials, Signal keys, the webhook outbox
 *
 * `.a` and `.b` are the two places of one record (`generations.ts`); the key list of older stores has one, without them. Keys don't start with a Keyv namespace and contain
 * no `:`. Ids that callers choose are percent-encoded, so that no id is a prefix of another one's keys. A key has at most 255
 * characters: the width of the column that @keyv/postgres makes.
 */
import { createHash } from "node:crypto";

/** How every key begins. */
export const KEYS_PREFIX = "wa/";

/** Written when a store is first used, and part of every read: only when it is found are the others absent. */
export const SENTINEL_KEY = "wa/sentinel";

/** Who runs the sessions of this store. */
export const OWNER_KEY = "wa/owner";

/** Until when the owner is taken for alive. */
export const OWNER_LEASE_KEY = "wa/owner-lease";

/** The name and the key of a cluster. */
export const CLUSTER_KEY = "wa/cluster";

/** The nodes of a cluster. */
export const NODES_KEY = "wa/nodes";

/** That a node has not been given up by the others. */
export function nodeKey(nodeId: string): string {
  return `wa/node/${nodeId}`;
}

/** Until when a node is taken for alive. */
export function nodeLeaseKey(nodeId: string): string {
  return `wa/node-lease/${nodeId}`;
}

/** Which node runs a session. `of-`: no record of a session that is named "holder" has this key. */
export function holderKey(sessionId: string): string {
  return `wa/holder/of-${shorten(encodeKeyPart(sessionId), MAX_SESSION_PART)}`;
}

/** What an adapter without atomic batches started and may not have finished. */
export const JOURNAL_KEY = "wa/journal";

/** The ids of the API keys of the HTTP adapter, without the generation. */
export const API_KEYS_KEY = "wa/api-keys";

/** The record of an API key. Its id is hexadecimal. */
export function apiKeyKey(id: string): string {
  return `wa/api-key/${id}`;
}

/** When an API key was last used. */
export function apiKeyUseKey(id: string): string {
  return `${apiKeyKey(id)}/used`;
}

/** The last client version that WhatsApp accepted, and the open breaker of a refused one. */
export const CLIENT_VERSION_KEY = "wa/client-version";

/** Longest encoded session id, in characters; a longer one is replaced by its hash. */
const MAX_SESSION_PART = 80;

/** Longest encoded id of a key in a session, in characters; a longer one is replaced by its hash. */
const MAX_ID_PART = 120;

/** Marks a hash in the place of an id. {@link encodeKeyPart} escapes it in ids. */
const HASH_MARK = "~";

/** One shard of the session list, without the generation. */
export function sessionListKey(shard: number): string {
  return `wa/index/${shard}`;
}

/** The record of a session's name, in the form in which names are compared. A hash: names may be secret, and keys are not encrypted. */
export function sessionNameKey(name: string): string {
  return `wa/name/${createHash("sha256").update(name).digest("hex")}`;
}

/** One shard of the list of tombstones, without the generation. */
export function tombstoneListKey(shard: number): string {
  return `wa/tombstones/${shard}`;
}

/** One part of the tombstone of a session. */
export function tombstonePartKey(sessionId: string, part: number): string {
  return `wa/tombstone/${shorten(encodeKeyPart(sessionId), MAX_SESSION_PART)}/${part}`;
}

/** The record of a session, without the generation. */
export function recordKey(sessionId: string): string {
  return `${sessionPrefix(sessionId)}record`;
}

/** The root of a session's key list, without the generation: the names of its pages. */
export function keyListKey(sessionId: string): string {
  return `${sessionPrefix(sessionId)}keys`;
}

/** One page of a session's key list, without the generation. */
export function keyListPageKey(sessionId: string, family: string, page: string): string {
  return `${sessionPrefix(sessionId)}keys/${family}/${page}`;
}

const FAMILY = /^[a-z][a-z0-9-]{0,39}$/;

/** Returns the name of a family of keys. Throws a TypeError for one of another form. */
export function checkedFamily(family: string): string {
  if (!FAMILY.test(family)) throw new TypeError(`"${family}" is not the name of a key family`);
  return family;
}

/** A key in a session's space. */
export function spaceKey(sessionId: string, family: string, id: string): string {
  return spaceKeyOfPart(sessionId, family, encodeIdPart(id));
}

/** A key in a session's space, from an id that {@link encodeIdPart} encoded. */
export function spaceKeyOfPart(sessionId: string, family: string, part: string): string {
  return `${sessionPrefix(sessionId)}${family}/${part}`;
}

/** The prefix of all keys of a session, and of no other session's keys. */
export function sessionPrefix(sessionId: string): string {
  return `wa/${shorten(encodeKeyPart(sessionId), MAX_SESSION_PART)}/`;
}

/** An id as a part of a key: percent-encoded, or hashed when that is too long for a column. */
export function encodeIdPart(id: string): string {
  return shorten(encodeKeyPart(id), MAX_ID_PART);
}

/** The id behind an encoded part; undefined when the part is a hash. */
export function decodeIdPart(part: string): string | undefined {
  return part.startsWith(HASH_MARK) ? undefined : decodeKeyPart(part);
}

/** Ids that need no encoding: session ids and most ids of Signal keys. A fast path, since every message takes it. */
const PLAIN = /^[A-Za-z0-9_.@-]*$/;

/** Percent-encodes everything but letters, digits, `-`, `_`, `.` and `@`. Reversible, even for a lone surrogate. */
function encodeKeyPart(part: string): string {
  if (PLAIN.test(part)) return part;
  return Array.from(part, (character) =>
    isLoneSurrogate(character) ? `%u${hex(character)}` : encode(character),
  ).join("");
}

function encode(character: string): string {
  if (character === "@") return character;
  return /[!'()*~]/.test(character) ? `%${hex(character)}` : encodeURIComponent(character);
}

function decodeKeyPart(part: string): string {
  return part
    .split(/%u([0-9A-F]{4})/)
    .map((piece, index) =>
      index % 2 === 1 ? String.fromCharCode(Number.parseInt(piece, 16)) : decodeURIComponent(piece),
    )
    .join("");
}

function isLoneSurrogate(character: string): boolean {
  return character.length === 1 && character >= "\uD800" && character <= "\uDFFF";
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase();
}

function shorten(part: string, max: number): string {
  return part.length <= max ? part : HASH_MARK + createHash("sha256").update(part).digest("hex");
}
