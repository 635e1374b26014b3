/** A record that always exists: a read that finds it proves that the other keys it did not find are absent. */
import { ZpwootError } from "../errors.js";
import { decode, encode, type RecordCodec } from "./codec.js";
import { withDeadline } from "../async/deadline.js";
import type { Driver } from "./drivers/driver.js";
import { SENTINEL_KEY } from "./keys.js";
import { sessionListKeys } from "./sessions/session-list.js";

/** The layout that the store was written with. */
const LAYOUT = 1;

/** Whether a text is a readable sentinel. Throws `STORE_UNAVAILABLE` when its encryption key was not given. */
export function isSentinel(codec: RecordCodec, text: string | undefined): boolean {
  return text !== undefined && layoutOf(codec, text) === LAYOUT;
}

/**
 * Writes the sentinel of a new store. Rejects with `STORE_UNAVAILABLE` when it is missing although there are sessions, when
 * the store was written with another layout, or when the adapter lost the sentinel just written.
 */
export async function ensureSentinel(driver: Driver, codec: RecordCodec, callMs: number): Promise<void> {
  const read = (): Promise<readonly (string | undefined)[]> =>
    withDeadline("The store", callMs, () => driver.getMany([SENTINEL_KEY, ...sessionListKeys()]));
  const [sentinel, ...shards] = await read();
  if (sentinel !== undefined) return refuseOtherLayout(driver, codec, sentinel);
  if (shards.some((shard) => shard !== undefined)) {
    throw unusable(driver, "holds sessions but no sentinel record: it is damaged, or was restored in part");
  }
  const text = codec.seal(SENTINEL_KEY, encode({ layout: LAYOUT }));
  await withDeadline("The store", callMs, () => driver.apply([{ key: SENTINEL_KEY, text }]));
  const [written] = await read();
  if (written === undefined) throw unavailable(driver, "lost the first record written to it");
  refuseOtherLayout(driver, codec, written);
}

function refuseOtherLayout(driver: Driver, codec: RecordCodec, text: string): void {
  const layout = layoutOf(codec, text);
  if (layout === LAYOUT) return;
  throw unusable(
    driver,
    layout === undefined
      ? "has a damaged sentinel record"
      : `was written with layout ${JSON.stringify(layout)}; this version reads layout ${LAYOUT}`,
  );
}

function layoutOf(codec: RecordCodec, text: string): unknown {
  const encoded = codec.open(SENTINEL_KEY, text);
  try {
    return (decode(encoded) as { readonly layout?: unknown }).layout;
  } catch {
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
