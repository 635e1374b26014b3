/** How long to wait before the next try: the one formula for every wait that grows. */

/** The bounds of a growing wait, in milliseconds. */
export interface BackoffBounds {
  /** The ceiling of the first wait; it doubles with each further failure. */
  readonly firstMs: number;
  /** No wait is longer. */
  readonly maxMs: number;
}

/**
 * The wait after so many failures in a row (from 1), in milliseconds: evenly spread over the part of a doubling ceiling that the
 * jitter leaves (1, full jitter: from 0; 0.5: from the half), so that many waiters don't come back all at once.
 * Source of the formula: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(
  failures: number,
  { firstMs, maxMs }: BackoffBounds,
  random: () => number = Math.random,
  jitter = 1,
): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 52));
  return ceiling * (1 - jitter + jitter * random());
}
