/** Finds the body of an event in what an outbox stores. */
import { type KeySpace, readableOf } from "../../store/space/key-space.js";
import { failedBody } from "./failed-deliveries.js";
import { type OutboxState, parseQueued, queuedKey, range } from "./records.js";
import { referredKey } from "./referred-bodies.js";

/** Records in one read. */
const CHUNK = 50;

/** The body of an event that was delivered by reference, is queued from `cursor` on, or failed; undefined if there is none. Rejects with a store error. */
export async function findBody(
  space: KeySpace,
  state: OutboxState,
  cursor: number,
  eventId: string,
): Promise<string | undefined> {
  const key = referredKey(eventId);
  const referred = (await readableOf(space, [key])).get(key);
  if (typeof referred === "string") return referred;
  return (await findQueued(space, range(cursor, state.tail), eventId)) ?? failedBody(space, state, eventId);
}

async function findQueued(
  space: KeySpace,
  numbers: readonly number[],
  eventId: string,
): Promise<string | undefined> {
  for (let start = 0; start < numbers.length; start += CHUNK) {
    const found = await readableOf(space, numbers.slice(start, start + CHUNK).map(queuedKey));
    for (const value of found.values()) {
      const record = parseQueued(value);
      if (record?.id === eventId) return record.body;
    }
  }
  return undefined;
}
