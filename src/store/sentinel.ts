/** The record that is always there, and so proves that a store which gives nothing has nothing. */
import { ZpwootError } from "../errors.js";
import { decode, encode } from "./codec.js";
import { withDeadline } from "../async/deadline.js";
import type { Driver } from "./drivers/driver.js";
import { registryKey, SENTINEL_KEY } from "./keys.js";
import type { RecordCodec } from "./record-codec.js";
import { REGISTRY_SHARDS } from "./sessions/registry-shards.js";
import { generationKeys } from "./generations.js";

/** The layout that the store was written with. */
const LAYOUT = 1;

/** Whether a text is a readable sentinel. Throws when it was sealed with a key that was not given. */
export function isSentinel(codec: RecordCodec, text: string | undefined): boolean {
  return text !== undefined && layoutOf(codec, text) === LAYOUT;
}

/**
 * Writes the sentinel when the store is new. Rejects with `STORE_UNAVAILABLE` when it is missing though there are
 * sessions, when another layout wrote it, or when the adapter did not keep what it took.
 */
export async function ensureSentinel(driver: Driver, codec: RecordCodec, callMs: number): Promise<void> {
  const registry = Array.from({ length: REGISTRY_SHARDS }, (_, shard) =>
    generationKeys(registryKey(shard)),
  ).flat();
  const read = (): Promise<readonly (string | undefined)[]> =>
    withDeadline("The store", callMs, () => driver.getMany([SENTINEL_KEY, ...registry]));
  const [sentinel, ...shards] = await read();
  if (sentinel !== undefined) return refuseOtherLayout(driver, codec, sentinel);
  if (shards.some((shard) => shard !== undefined)) {
    throw unavailable(
      driver,
      "holds sessions but not its sentinel record: it was damaged, or only partly restored",
    );
  }
  const text = codec.seal(SENTINEL_KEY, encode({ layout: LAYOUT }));
  await withDeadline("The store", callMs, () => driver.apply([{ key: SENTINEL_KEY, text }]));
  const [written] = await read();
  if (written === undefined) throw unavailable(driver, "did not keep the first record written to it");
  refuseOtherLayout(driver, codec, written);
}

function refuseOtherLayout(driver: Driver, codec: RecordCodec, text: string): void {
  const layout = layoutOf(codec, text);
  if (layout === LAYOUT) return;
  throw unavailable(
    driver,
    layout === undefined
      ? "has a damaged sentinel record"
      : `was written with layout ${JSON.stringify(layout)}, this is ${LAYOUT}`,
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
