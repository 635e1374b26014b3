/** Reading a range of records of which one may be damaged. */
import { isZpwootError } from "../../errors.js";
import type { KeySpace } from "../../store/space/key-space.js";

/**
 * The values of those keys that exist and can be read: one damaged record must not hide its neighbours. Rejects with
 * `STORE_UNAVAILABLE` only.
 */
export async function readTolerant(
  space: KeySpace,
  keys: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  if (keys.length === 0) return new Map();
  try {
    return await space.read(keys);
  } catch (error) {
    if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
    if (keys.length === 1) return new Map();
    const middle = keys.length >> 1;
    const first = await readTolerant(space, keys.slice(0, middle));
    return new Map([...first, ...(await readTolerant(space, keys.slice(middle)))]);
  }
}

/** The whole numbers from the first to before the end. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
}
