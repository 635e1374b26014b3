/** Which sessions have a tombstone. In shards, like the session list: a deletion rewrites a small part of it. */
import type { WipeCause } from "../../api/backup.js";
import { generationEntries, generationKeys, newestGeneration } from "../generations.js";
import { tombstoneListKey, tombstonePartKey } from "../keys.js";
import { SHARDS, shardOf } from "./session-list.js";
import type { StoredValue } from "../store.js";

/** A tombstone, as it is listed. */
export interface ListedTombstone {
  readonly name: string;
  readonly phoneNumber: string | null;
  readonly cause: WipeCause;
  /** When the credentials were deleted: ms since 1970. */
  readonly at: number;
  /** Of how many records it is made. */
  readonly parts: number;
  /** How many Signal keys it holds. */
  readonly keys: number;
  /** Whether its ratchets may be in use already: a restore had begun. */
  readonly used?: boolean;
}

type Shard = Readonly<Record<string, ListedTombstone>>;
type Stored = ReadonlyMap<string, StoredValue>;

/** The keys of all shards, both places of each. */
export function tombstoneListKeys(): readonly string[] {
  return Array.from({ length: SHARDS }, (_, shard) => generationKeys(tombstoneListKey(shard))).flat();
}

/** The keys of the shard that lists a session's tombstone. */
export function tombstonePlaces(sessionId: string): readonly string[] {
  return generationKeys(tombstoneListKey(shardOf(sessionId)));
}

/** All tombstones of a list that was read, by session. */
export function listedIn(stored: Stored): ReadonlyMap<string, ListedTombstone> {
  const shards = Array.from({ length: SHARDS }, (_, shard) => shardIn(shard, stored).value);
  return new Map(shards.flatMap((shard) => Object.entries(shard)));
}

/** The tombstone of a session in its shard. */
export function listedOf(sessionId: string, stored: Stored): ListedTombstone | undefined {
  return shardIn(shardOf(sessionId), stored).value[sessionId];
}

/** The entries that list a tombstone in the place of the session's last one, whose further parts are deleted; null: that has none. */
export function listing(
  sessionId: string,
  stored: Stored,
  tombstone: ListedTombstone | null,
): readonly (readonly [string, unknown])[] {
  const number = shardOf(sessionId);
  const { value, generation } = shardIn(number, stored);
  const { [sessionId]: before, ...others } = value;
  const next = tombstone === null ? others : { ...others, [sessionId]: tombstone };
  const places = generationKeys(tombstoneListKey(number));
  const list =
    Object.keys(next).length === 0
      ? places.map((place) => [place, null] as const)
      : generationEntries(tombstoneListKey(number), generation + 1, next);
  const kept = tombstone?.parts ?? 0;
  const gone = tombstoneParts(sessionId, before?.parts ?? 0).slice(kept);
  return [...list, ...gone.map((key) => [key, null] as const)];
}

/** The keys of the parts of a tombstone. */
export function tombstoneParts(sessionId: string, parts: number): readonly string[] {
  return Array.from({ length: parts }, (_, part) => tombstonePartKey(sessionId, part));
}

/** A shard of which neither place can be read counts as empty: no damage to it holds up a logout. */
function shardIn(number: number, stored: Stored): { readonly value: Shard; readonly generation: number } {
  try {
    const newest = newestGeneration(tombstoneListKey(number), stored, checkedShard);
    return { value: newest?.value ?? {}, generation: newest?.number ?? 0 };
  } catch {
    return { value: {}, generation: 0 };
  }
}

function checkedShard(value: unknown): Shard {
  const isListed = (listed: Partial<ListedTombstone> | null): boolean =>
    Number.isSafeInteger(listed?.at) && Number.isSafeInteger(listed?.parts);
  if (typeof value === "object" && value !== null && Object.values(value).every(isListed))
    return value as Shard;
  throw new TypeError("A part of the list of tombstones is of an unexpected form");
}
