/** Reads the state of an outbox. A state that can't be read is made again from the keys that are there: nothing queued is lost. */
import { type KeySpace, numbersIn, readableOf } from "../../store/space/key-space.js";
import {
  EMPTY_STATE,
  FAILED,
  failedKey,
  isObject,
  type OutboxState,
  parseFailed,
  parseQueued,
  QUEUED,
  queuedKey,
  sizeOf,
  STATE_KEY,
} from "./records.js";

/** Records in one read. */
const CHUNK = 200;

/**
 * Reads the state of an outbox; one that was never written is empty. `onRebuilt` is called when it can't be read and was made again.
 * Rejects with a store error.
 */
export async function readState(space: KeySpace, onRebuilt: () => void): Promise<OutboxState> {
  const stored = (await space.readEach([STATE_KEY])).get(STATE_KEY);
  if (stored === undefined) return EMPTY_STATE;
  if (isState(stored.value)) return stored.value;
  const state = await rebuild(space);
  onRebuilt();
  return state;
}

function isState(value: unknown): value is OutboxState {
  if (!isObject(value) || value.version !== 1) return false;
  return Object.keys(EMPTY_STATE).every(
    (field) => Number.isSafeInteger(value[field]) && Number(value[field]) >= 0,
  );
}

/** Each delivery is written and removed in one batch with the state, so the keys say where the queue starts and ends. */
async function rebuild(space: KeySpace): Promise<OutboxState> {
  const keys = await space.keys();
  const queued = numbersIn(keys, QUEUED);
  const failed = numbersIn(keys, FAILED);
  const queuedSize = (value: unknown): number => {
    const record = parseQueued(value);
    return record === undefined ? 0 : sizeOf(record);
  };
  return {
    ...EMPTY_STATE,
    head: queued[0] ?? 0,
    tail: (queued.at(-1) ?? -1) + 1,
    bytes: await sum(space, queued.map(queuedKey), queuedSize),
    failedHead: failed[0] ?? 0,
    failedTail: (failed.at(-1) ?? -1) + 1,
    failedBytes: await sum(space, failed.map(failedKey), (value) => parseFailed(value)?.bytes ?? 0),
  };
}

/** Adds up what the records under those keys count. */
async function sum(
  space: KeySpace,
  keys: readonly string[],
  count: (value: unknown) => number,
): Promise<number> {
  let total = 0;
  for (let start = 0; start < keys.length; start += CHUNK) {
    const found = await readableOf(space, keys.slice(start, start + CHUNK));
    for (const value of found.values()) total += count(value);
  }
  return total;
}
