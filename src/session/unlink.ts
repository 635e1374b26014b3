/** Unlinking a device at WhatsApp, over the attempt's socket, with a bound. */
import type { ConnectionAttempt } from "./connection-attempt.js";
import { isZpwootError } from "../errors.js";
import type { LogoutResult } from "../api/session-info.js";

/** How to wait. */
export interface UnlinkOptions {
  /** When to give up, ms since the epoch. */
  readonly until: number;
  readonly now: () => number;
  /** Waits until something may have changed, at most so long. */
  readonly wait: (timeoutMs: number) => Promise<unknown>;
  /** True once the wait is pointless. */
  readonly stopped: () => boolean;
}

/**
 * Waits until the attempt is open (one made for this purpose has just begun), then unlinks.
 * @throws ZpwootError `STORE_UNAVAILABLE`, `STORE_CORRUPT` when it can't be known whether the device is linked.
 */
export async function unlink(
  attempt: ConnectionAttempt,
  options: UnlinkOptions,
): Promise<LogoutResult["unlinked"]> {
  const { until, now, wait, stopped } = options;
  while (isPending(attempt) && now() < until && !stopped()) await wait(until - now());
  if (isZpwootError(attempt.beginError, "STORE_UNAVAILABLE", "STORE_CORRUPT")) throw attempt.beginError;
  if (attempt.auth?.linked === false) return "not-linked";
  // Already unlinked from the phone: what was wanted.
  if (attempt.closed?.code === 401 && attempt.closed.verdict) return "confirmed";
  if (attempt.openedAt === undefined || attempt.handle === undefined) return "unconfirmed";
  return (await attempt.handle.unlink(Math.max(1, until - now()))) ? "confirmed" : "unconfirmed";
}

function isPending(attempt: ConnectionAttempt): boolean {
  if (attempt.openedAt !== undefined || attempt.closed !== undefined || attempt.beginError !== undefined)
    return false;
  return attempt.auth?.linked !== false;
}
