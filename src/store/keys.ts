/**
 * The key layout of the store.
 *
 *     wa/sentinel                          proves that an absence is real
 *     wa/journal                           unfinished work of adapters without atomic batches
 *     wa/api-keys.a|b                      API keys of the HTTP adapter, as hashes
 *     wa/client-version                    the last client version that WhatsApp accepted
 *     wa/index/<shard>.a|b                 ids of sessions, and of those being deleted
 *     wa/<session>/record.a|b              the session's record
 *     wa/<session>/keys                    root of the session's manifest
 *     wa/<session>/keys/<family>/<page>    a page of it
 *     wa/<session>/<family>/<id>           everything else: credentials, Signal keys, the webhook outbox
 *
 * `.a` and `.b` are the two generations of one record (`generations.ts`). Keys never begin with a Keyv namespace and hold
 * no `:`; ids that callers chose are percent-encoded, so that no id is a prefix of another one's keys. At most 255
 * characters: the width of @keyv/postgres' column.
 */
import { createHash } from "node:crypto";

/** Written once when a store is first used; read beside every "is it there?" to prove that an absence is real. */
export const SENTINEL_KEY = "wa/sentinel";

/** What an adapter without atomic batches has begun and may not have finished. */
export const JOURNAL_KEY = "wa/journal";

/** The API keys of the HTTP adapter, without the generation. */
export const API_KEYS_KEY = "wa/api-keys";

/** The last client version that WhatsApp accepted. */
export const CLIENT_VERSION_KEY = "wa/client-version";

/** Longest encoded session id; a longer one is replaced by its hash. */
const MAX_SESSION_PART = 80;

/** Longest encoded id of a key in a session; a longer one is replaced by its hash. */
const MAX_ID_PART = 120;

/** Marks a hash in the place of an id. {@link encodeKeyPart} never lets it through from a caller. */
const HASH_MARK = "~";

/** Shards of the list of all sessions, without the generation. */
export function registryKey(shard: number): string {
  return `wa/index/${shard}`;
}

/** The record of a session, without the generation. */
export function recordKey(sessionId: string): string {
  return `${sessionPrefix(sessionId)}record`;
}

/** The root of a session's manifest: which pages there are. */
export function manifestKey(sessionId: string): string {
  return `${sessionPrefix(sessionId)}keys`;
}

/** One page of a session's manifest. */
export function manifestPageKey(sessionId: string, family: string, page: string): string {
  return `${sessionPrefix(sessionId)}keys/${family}/${page}`;
}

/** A key in a session's space. */
export function spaceKey(sessionId: string, family: string, id: string): string {
  return spaceKeyOfPart(sessionId, family, encodeIdPart(id));
}

/** The same from an id that {@link encodeIdPart} has encoded. */
export function spaceKeyOfPart(sessionId: string, family: string, part: string): string {
  return `${sessionPrefix(sessionId)}${family}/${part}`;
}

/** What all keys of a session begin with, and no key of another one. */
export function sessionPrefix(sessionId: string): string {
  return `wa/${shorten(encodeKeyPart(sessionId), MAX_SESSION_PART)}/`;
}

/** An id as it stands in a key: percent-encoded, or its hash when that is too long for a column. */
export function encodeIdPart(id: string): string {
  return shorten(encodeKeyPart(id), MAX_ID_PART);
}

/** The id behind an encoded part; undefined when only its hash was kept. */
export function decodeIdPart(part: string): string | undefined {
  return part.startsWith(HASH_MARK) ? undefined : decodeKeyPart(part);
}

/** What needs no encoding: session ids and most ids of Signal keys, on the way of every message. */
const PLAIN = /^[A-Za-z0-9_.@-]*$/;

/** Percent-encodes everything but letters, digits, `-`, `_`, `.` and `@`. Loses nothing, not even a lone surrogate. */
export function encodeKeyPart(part: string): string {
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
