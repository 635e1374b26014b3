/** One signal that ends the work of another. */

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
