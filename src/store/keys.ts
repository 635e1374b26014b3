/**
 * The key layout of the store. Keys never begin with a Keyv namespace and hold no `:`; ids that callers chose are
 * percent-encoded, so that no id is a prefix of another one's keys. At most 255 characters: @keyv/postgres' column.
 */

/** Written once when a store is first used; read beside every "is it there?" to prove that an absence is real. */
export const SENTINEL_KEY = "wa/sentinel";

/** Shards of the list of all sessions. */
export function registryKey(shard: number): string {
  return `wa/index/${shard}`;
}

/** The record of a session. */
export function recordKey(sessionId: string): string {
  return `wa/${encodeKeyPart(sessionId)}/record`;
}

/** Percent-encodes everything but letters, digits, `-`, `_`, `.` and `@`. */
export function encodeKeyPart(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%40", "@");
}
