/** Removing all that an outbox stored. */
import { bodyKey, failedKey, queuedKey, readState, STATE_KEY } from "./records.js";
import type { KeySpace } from "../../store/space/key-space.js";
import { range } from "./tolerant-read.js";

/** Keys in one batch. */
const CHUNK = 500;

/**
 * Removes every record of an outbox that nobody writes to any more; the state goes last, so that a removal that was cut
 * short can be done again. Rejects with a store error.
 */
export async function wipeOutbox(space: KeySpace): Promise<void> {
  const { head, tail, failedHead, failedTail } = await readState(space);
  const keys = [
    ...range(head, tail).map(queuedKey),
    ...range(failedHead, failedTail).flatMap((n) => [failedKey(n), bodyKey(n)]),
    STATE_KEY,
  ];
  for (let start = 0; start < keys.length; start += CHUNK) {
    await space.write(new Map(keys.slice(start, start + CHUNK).map((key) => [key, null])));
  }
}
