/** Listeners of signals that calls come and go with, hundreds a second: all of one signal share one, since each of its own is dear. */

const bySignal = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back when the signal, which is not aborted yet, is. Returns what ends that. */
export function onceAborted(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = bySignal.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  bySignal.set(signal, callbacks);
  const callAll = (): void => {
    for (const callback of callbacks) callback();
  };
  signal.addEventListener("abort", callAll, { once: true });
  return callbacks;
}
