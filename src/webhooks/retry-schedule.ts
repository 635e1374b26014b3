/** When to try again. */

/** The bounds of the growing wait. */
export interface RetryBounds {
  /** The most the first wait can be, in milliseconds; doubles with each attempt. */
  readonly retryBaseMs: number;
  /** The most any wait can be, in milliseconds. */
  readonly retryCapMs: number;
}

/**
 * The wait after the given number of failed attempts in a row (from 1), in milliseconds: full jitter, evenly between
 * nothing and a ceiling that doubles up to the cap, so that the queues of many sessions don't strike a receiver that
 * comes back all at once.
 */
export function backoffMs(failures: number, bounds: RetryBounds, random: () => number): number {
  const ceiling = Math.min(bounds.retryCapMs, bounds.retryBaseMs * 2 ** Math.min(failures - 1, 52));
  return Math.round(random() * ceiling);
}

/** The wait a `Retry-After` header asks for (seconds or an HTTP date), in milliseconds; undefined when it asks nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
