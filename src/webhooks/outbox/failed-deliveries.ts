/** The failed deliveries of one outbox: listing, finding, and dropping the oldest when there are too many. */
import type { FailedRecord } from "../../api/event-stream.js";
import { type KeySpace, readableOf } from "../../store/space/key-space.js";
import type { OutboxBatch } from "./batch.js";
import { bodyKey, failedKey, parseFailed, range } from "./records.js";
import type { OutboxState, QueuedRecord } from "./records.js";

/** Records in one read. */
const CHUNK = 200;

/** The result of a redelivery: queued again, no such failed delivery, or the queue has no room. */
export type RequeueResult = "queued" | "not-found" | "outbox-full";

/** A failed delivery with its place. */
interface PlacedFailure {
  readonly n: number;
  readonly record: FailedRecord;
}

/** All failed deliveries that can be read, oldest first. Rejects with a store error. */
export async function listFailed(space: KeySpace, state: OutboxState): Promise<FailedRecord[]> {
  const records: FailedRecord[] = [];
  for await (const { record } of walkFailed(space, state)) records.push(record);
  return records;
}

/**
 * Moves one failed delivery back to the end of the queue, with the same id and body and a new age. Rejects with a store error.
 */
export async function requeueFailed(
  space: KeySpace,
  batch: OutboxBatch,
  id: string,
  since: number,
): Promise<RequeueResult> {
  const found = await findFailed(space, batch.state, id);
  const body = await failedBody(space, batch.state, id);
  if (found === undefined || body === undefined) return "not-found";
  const { n, record } = found;
  const queued: QueuedRecord = { id, event: record.event, at: record.at, since, body };
  if (!batch.append(queued)) return "outbox-full";
  batch.removeFailed(n, record.bytes);
  return "queued";
}

/** The body of the failed delivery with an id; undefined if there is none. Rejects with a store error. */
export async function failedBody(
  space: KeySpace,
  state: OutboxState,
  id: string,
): Promise<string | undefined> {
  const found = await findFailed(space, state, id);
  if (found === undefined) return undefined;
  const body = (await readableOf(space, [bodyKey(found.n)])).get(bodyKey(found.n));
  return typeof body === "string" ? body : undefined;
}

/** Drops the oldest failed deliveries until the rest is within the limits. Settles with the number dropped. */
export async function dropOverflow(space: KeySpace, batch: OutboxBatch): Promise<number> {
  let dropped = 0;
  while (batch.failedOverflow) {
    const key = failedKey(batch.state.failedHead);
    const value = batch.entries.get(key) ?? (await readableOf(space, [key])).get(key);
    const record = parseFailed(value);
    batch.removeFailed(batch.state.failedHead, record?.bytes ?? 0);
    if (record !== undefined) dropped += 1;
  }
  return dropped;
}

async function findFailed(
  space: KeySpace,
  state: OutboxState,
  id: string,
): Promise<PlacedFailure | undefined> {
  for await (const failure of walkFailed(space, state)) if (failure.record.id === id) return failure;
  return undefined;
}

async function* walkFailed(space: KeySpace, state: OutboxState): AsyncIterable<PlacedFailure> {
  for (let start = state.failedHead; start < state.failedTail; start += CHUNK) {
    const numbers = range(start, Math.min(start + CHUNK, state.failedTail));
    const found = await readableOf(space, numbers.map(failedKey));
    for (const n of numbers) {
      const record = parseFailed(found.get(failedKey(n)));
      if (record !== undefined) yield { n, record };
    }
  }
}
