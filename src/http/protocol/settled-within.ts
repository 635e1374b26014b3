/** A promise with a deadline, for what is awaited here and owned elsewhere. */

/** Settles as the promise does, or with undefined after the time in milliseconds. The promise goes on; a later rejection is ignored. */
export async function settledWithin<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
