/** Ids of events that sort in the order of the events: what follows an event is found by comparing strings. */
import { randomBytes } from "node:crypto";

/** `msg_` and 32 hexadecimal digits: 12 of the time in milliseconds, 5 that count within a millisecond, 15 random. */
const EVENT_ID = /^msg_[0-9a-f]{32}$/;

const COUNTS = 16 ** 5;
const RANDOM_BYTES = 8;
/** Drawn at once: a call to the system for each id costs more than the rest of it. */
const POOL_BYTES = 128 * RANDOM_BYTES;

/** Whether a text has the form of the ids of {@link eventIds}. */
export function isEventId(text: string): boolean {
  return EVENT_ID.test(text);
}

/** A source of ids. Each is greater than the one before it, even when the clock is set back. */
export function eventIds(now: () => number): () => string {
  let last = 0;
  let count = 0;
  const random = randomHex();
  return () => {
    const at = now();
    count = at > last ? 0 : count + 1;
    last = Math.max(at, last);
    if (count === COUNTS) {
      last += 1;
      count = 0;
    }
    return `msg_${hex(last, 12)}${hex(count, 5)}${random()}`;
  };
}

/** 15 digits a time, each used once. */
function randomHex(): () => string {
  let pool = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used === pool.length) [pool, used] = [randomBytes(POOL_BYTES), 0];
    used += RANDOM_BYTES;
    return pool.toString("hex", used - RANDOM_BYTES, used).slice(1);
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
