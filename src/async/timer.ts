/** The limits of Node's timers, and the clock for waits. */

/** The longest delay `setTimeout` takes: 2³¹ − 1 ms, 24.8 days. It runs a longer one after 1 ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A difference of the two clocks below this is drift, which nobody has to correct. */
const DRIFT_MS = 500;

/**
 * Milliseconds since the epoch, counted on from the start of the process: setting the clock of the machine does not move it. For
 * every deadline and wait. {@link isoTime} translates it for people.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

/** A time of {@link steadyNow} as the clock on the wall will show it, in ISO 8601. */
export function isoTime(steady: number): string {
  return new Date(steady + correction()).toISOString();
}

/** The time of {@link steadyNow} that {@link isoTime} writes as this text; NaN for a text that is no time. */
export function steadyTime(iso: string): number {
  return Date.parse(iso) - correction();
}

/** What the clock on the wall is ahead. Whole seconds, so that the same time is translated to the same text each time. */
function correction(): number {
  const offset = Date.now() - steadyNow();
  return Math.abs(offset) < DRIFT_MS ? 0 : Math.round(offset / 1_000) * 1_000;
}
