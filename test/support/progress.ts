/** Waits for a busy machine: as long as something goes on, and no longer. */
import { setTimeout as sleep } from "node:timers/promises";

/** Nothing happens for so long only when nothing happens any more. */
const STUCK_MS = 60_000;

/** How to wait. */
export interface ProgressOptions {
  /** How often to look, in milliseconds. Default 10. */
  readonly everyMs?: number;
  /** After how long without progress to reject, in milliseconds. Default a minute. */
  readonly stuckMs?: number;
}

/**
 * Waits until a figure is 0 or less, for as long as it becomes smaller than it ever was. Rejects when it has not for a minute; then the error says what
 * is left of `what`.
 */
export async function untilNoneLeft(
  what: string,
  figure: () => number,
  { everyMs = 10, stuckMs = STUCK_MS }: ProgressOptions = {},
): Promise<void> {
  let least = Infinity;
  let since = performance.now();
  for (let left = figure(); left > 0; left = figure()) {
    if (left < least) {
      least = left;
      since = performance.now();
    }
    const waitedMs = performance.now() - since;
    if (waitedMs > stuckMs) throw new Error(`${left} ${what} left, and no progress for ${stuckMs} ms`);
    await sleep(everyMs);
  }
}
