/** Requests that last: who was let in may lose the right to the rest, because the key is revoked. */
import { Arrival } from "../protocol/settled-within.js";

/**
 * How long a caller is believed to be the one who was let in, in milliseconds. With the time for which `ApiKeys` believes what it read,
 * a revoked key's answers end within a second.
 */
export const RECHECK_MS = 400;

/**
 * Settles as the work does. While it lasts, and before its result is given away, asks whether the caller may still have it; rejects
 * with what `refusal` returns. The work then goes on without a reader.
 */
export async function whileAllowed<T>(
  work: Promise<T>,
  refusal: () => Promise<Error | undefined>,
): Promise<T> {
  const arrival = new Arrival(work);
  let result = await arrival.within(RECHECK_MS);
  if (result !== undefined) return result.value;
  for (;;) {
    const refused = await refusal();
    if (refused !== undefined) throw refused;
    if (result !== undefined) return result.value;
    result = await arrival.within(RECHECK_MS);
  }
}
