/** How long a session waits before it connects again. */
import { backoffMs } from "../async/backoff.js";

/** Limits of the wait between two attempts, in milliseconds. */
export interface BackoffLimits {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * The wait after the given attempt (from 1), in milliseconds. The first is `firstDelayMs`, a quarter more or less; later ones
 * are spread over a ceiling that doubles up to `maxDelayMs`, with a floor of half the first delay so that no wait is a busy loop.
 */
export function retryDelayMs(attempt: number, limits: BackoffLimits, random: () => number): number {
  const { firstDelayMs, maxDelayMs } = limits;
  if (attempt <= 1) {
    return Math.round(backoffMs(1, { firstMs: firstDelayMs * 1.25, maxMs: Infinity }, random, 0.4));
  }
  const bounds = { firstMs: firstDelayMs, maxMs: maxDelayMs };
  const ceiling = backoffMs(attempt, bounds, () => 1);
  const floor = Math.min(firstDelayMs / 2, ceiling);
  return Math.round(backoffMs(attempt, bounds, random, 1 - floor / ceiling));
}
