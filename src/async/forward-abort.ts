/** Signals that end what others began. */

/**
 * Aborts the controller with the signal, with its reason. Returns what takes the listener away: unlike `AbortSignal.any`, nothing piles up
 * on a signal that lives longer than the work.
 */
export function forwardAbort(signal: AbortSignal | undefined, controller: AbortController): () => void {
  const forward = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) forward();
  signal?.addEventListener("abort", forward, { once: true });
  return () => signal?.removeEventListener("abort", forward);
}

/** Does the work with a signal that is aborted with the first of these, and settles with it. Leaves nothing on them. */
export async function withAnyOf<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ends = signals.map((signal) => forwardAbort(signal, controller));
  try {
    return await work(controller.signal);
  } finally {
    for (const end of ends) end();
  }
}
