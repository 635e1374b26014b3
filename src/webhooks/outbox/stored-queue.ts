/** Reads queued deliveries. */
import { type KeySpace, readableOf } from "../../store/space/key-space.js";
import type { QueuedDelivery } from "./batch.js";
import { parseQueued, queuedKey } from "./records.js";

/** The deliveries of these places, up to the first that is missing or can't be read. Rejects with a store error. */
export async function readQueued(
  space: KeySpace,
  numbers: readonly number[],
): Promise<readonly QueuedDelivery[]> {
  const found = await readableOf(space, numbers.map(queuedKey));
  const deliveries: QueuedDelivery[] = [];
  for (const n of numbers) {
    const record = parseQueued(found.get(queuedKey(n)));
    if (record === undefined) break;
    deliveries.push({ n, record });
  }
  return deliveries;
}
