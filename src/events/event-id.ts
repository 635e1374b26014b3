/** Ids of events that sort in the order of the events: what follows an event is found by comparing strings. */
import { randomBytes } from "node:crypto";

/** `msg_` and 32 hexadecimal digits: 12 of the time in milliseconds, 5 that count within a millisecond, 15 random. */
const EVENT_ID = /^msg_[0-9a-f]{32}$/;

const COUNTS = 16 ** 5;
/** How far the source of an id may be ahead of another one that has not heard of it. */
const AHEAD_MS = 10_000;
/** Of the pool for each id; the first one is left out. */
const RANDOM_DIGITS = 16;
/** Drawn at once: a call to the system for each id costs more than the rest of it. */
const POOL_BYTES = 64 * RANDOM_DIGITS;

/** Whether a text has the form of the ids of {@link eventIds}. */
export function isEventId(text: string): boolean {
  return EVENT_ID.test(text);
}

/** Gives ids, each greater than the one before it. */
export interface EventIds {
  (): string;
  /** Ids from now on are greater than this one, which another process made, perhaps by another clock. */
  readonly raise: (above: string) => void;
  /** Whether a text is an id that this source, or one that it may not have heard of, can have made by now: it was not made up. */
  readonly knows: (text: string) => boolean;
}

/** A source of ids. Each is greater than the one before it, even when the clock is set back. */
export function eventIds(now: () => number): EventIds {
  let last = 0;
  let count = 0;
  const random = randomHex();
  const next = (): string => {
    const at = now();
    count = at > last ? 0 : count + 1;
    last = Math.max(at, last);
    if (count === COUNTS) {
      last += 1;
      count = 0;
    }
    return `msg_${hex(last, 12)}${hex(count, 5)}${random()}`;
  };
  const raise = (above: string): void => {
    if (!isEventId(above)) return;
    const [at, counted] = [timeOf(above), Number.parseInt(above.slice(16, 21), 16)];
    if (at < last || (at === last && counted <= count)) return;
    last = at;
    count = counted;
  };
  const knows = (text: string): boolean =>
    isEventId(text) && timeOf(text) <= Math.max(last, now()) + AHEAD_MS;
  return Object.assign(next, { raise, knows });
}

/** The smallest id of a time in milliseconds since 1970: below every id that was made then. */
export function idAt(ms: number): string {
  return `msg_${hex(ms, 12)}${"0".repeat(20)}`;
}

function timeOf(id: string): number {
  return Number.parseInt(id.slice(4, 16), 16);
}

/** 15 digits a time, each used once. */
function randomHex(): () => string {
  let pool = "";
  let used = 0;
  return () => {
    if (used === pool.length) [pool, used] = [randomBytes(POOL_BYTES).toString("hex"), 0];
    used += RANDOM_DIGITS;
    return pool.slice(used - RANDOM_DIGITS + 1, used);
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
