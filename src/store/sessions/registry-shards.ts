/** How the list of all sessions is split, so that creating one does not rewrite it all. */
import { createHash } from "node:crypto";

/** Number of shards. Part of the layout: it can't change without a migration. */
export const REGISTRY_SHARDS = 64;

/** The shard that lists a session. */
export function shardOf(sessionId: string): number {
  return createHash("sha256").update(sessionId).digest().readUInt16BE(0) % REGISTRY_SHARDS;
}
