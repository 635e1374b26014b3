/** A record that always exists: a read that finds it proves that the other keys it did not find are absent. */
import { isZpwootError, ZpwootError } from "../errors.js";
import { decode, encode, type RecordCodec } from "./codec.js";
import { withDeadline } from "../async/deadline.js";
import type { Driver } from "./drivers/driver.js";
import { SENTINEL_KEY } from "./keys.js";
import { isShard, sessionListKeys } from "./sessions/session-list.js";

/** The layout that the store was written with. */
const LAYOUT = 1;

/** Whether a text is a readable sentinel. Throws `STORE_UNAVAILABLE` when its encryption key was not given. */
export function isSentinel(codec: RecordCodec, text: string | undefined): boolean {
  return text !== undefined && layoutOf(codec, text) === LAYOUT;
}

/**
 * Writes the sentinel of a new store, and one that is damaged again when the session list shows that the store is of this layout. Settles
 * with true in that case. Rejects with `STORE_UNAVAILABLE` when the sentinel is missing or damaged and the session list does not help,
 * when the store was written with another layout, or when the adapter lost the sentinel just written.
 */
export async function ensureSentinel(driver: Driver, codec: RecordCodec, callMs: number): Promise<boolean> {
  const keys = sessionListKeys();
  const read = (): Promise<readonly (string | undefined)[]> =>
    withDeadline("The store", callMs, () => driver.getMany([SENTINEL_KEY, ...keys]));
  const [sentinel, ...shards] = await read();
  if (sentinel === undefined) {
    if (shards.some((shard) => shard !== undefined))
      throw unusable(driver, "holds sessions but no sentinel record: it is damaged, or was restored in part");
  } else if (!isDamaged(driver, codec, sentinel)) {
    return false;
  } else if (!isOfThisLayout(codec, keys, shards)) {
    throw unusable(
      driver,
      "has a damaged sentinel record, and a damaged session list: restore it from a backup",
    );
  }
  const text = codec.seal(SENTINEL_KEY, encode({ layout: LAYOUT }));
  await withDeadline("The store", callMs, () => driver.apply([{ key: SENTINEL_KEY, text }]));
  const [written] = await read();
  if (written === undefined) throw unavailable(driver, "lost the first record written to it");
  if (isDamaged(driver, codec, written)) throw unavailable(driver, "changed the first record written to it");
  return sentinel !== undefined;
}

/** Whether the sentinel can't be read. Throws `STORE_UNAVAILABLE` for the one of another layout. */
function isDamaged(driver: Driver, codec: RecordCodec, text: string): boolean {
  const layout = layoutOf(codec, text);
  if (layout === undefined || layout === LAYOUT) return layout === undefined;
  const found = JSON.stringify(layout);
  throw unusable(driver, `was written with layout ${found}; this version reads layout ${LAYOUT}`);
}

/** Whether the session list is empty or can be read, at least in part. Throws `STORE_UNAVAILABLE` when it is encrypted with another key. */
function isOfThisLayout(
  codec: RecordCodec,
  keys: readonly string[],
  shards: readonly (string | undefined)[],
): boolean {
  const stored = shards.flatMap((text, index) =>
    text === undefined ? [] : [[keys[index] ?? "", text] as const],
  );
  const readable = stored.filter(([key, text]) => isShard(valueOf(codec, key, text)));
  return readable.length > 0 || stored.length === 0;
}

function layoutOf(codec: RecordCodec, text: string): unknown {
  return (valueOf(codec, SENTINEL_KEY, text) as { readonly layout?: unknown } | null | undefined)?.layout;
}

/** The value of a record; undefined when it is damaged. */
function valueOf(codec: RecordCodec, key: string, text: string): unknown {
  try {
    return decode(codec.open(key, text));
  } catch (error) {
    // The record is intact, and its encryption key is missing.
    if (isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
    return undefined;
  }
}

function unavailable(driver: Driver, what: string): ZpwootError {
  return new ZpwootError("STORE_UNAVAILABLE", `The store ${driver.description} ${what}`);
}

/** What is stored must be repaired or restored first. */
function unusable(driver: Driver, what: string): ZpwootError {
  return new ZpwootError("STORE_UNAVAILABLE", `The store ${driver.description} ${what}`, { permanent: true });
}
