/** What becomes of a socket's pending queries when it ends. */

type Listener = (...args: unknown[]) => void;

/** The event side of a library's WebSocket. */
export interface Emitter {
  eventNames(): (string | symbol)[];
  rawListeners(name: string | symbol): ((...args: unknown[]) => unknown)[];
  listeners(name: string | symbol): ((...args: unknown[]) => unknown)[];
  removeAllListeners: (this: Emitter, ...name: (string | symbol)[]) => unknown;
  addListener(name: string | symbol, listener: Listener): unknown;
  on: (this: Emitter, name: string | symbol, listener: Listener) => unknown;
  off(name: string | symbol, listener: Listener): unknown;
}

/**
 * Queries learn of the close by a `close` listener, which whaileys' `end()` takes away uncalled, whoever ends: each would
 * hold its timer, its socket and the process for a minute. From here on they are told, also those made after the end.
 * Call it when the library's own listeners are in place; the real `close` is still to be had through `addListener`.
 */
export function settleQueriesAtEnd(ws: Emitter): void {
  const { on, removeAllListeners } = ws;
  let ended = false;
  ws.removeAllListeners = (...names) => {
    const pending = names[0] === "close" ? ws.listeners("close") : [];
    ended ||= names[0] === "close";
    removeAllListeners.apply(ws, names);
    for (const listener of pending) listener();
    return ws;
  };
  ws.on = (name, listener) => {
    if (ended && name === "close") queueMicrotask(listener);
    else on.call(ws, name, listener);
    return ws;
  };
}
