/** Settles a socket's pending queries when the socket ends. */

type Listener = (...args: unknown[]) => void;

/** The event side of a library's WebSocket. */
export interface Emitter {
  eventNames(): (string | symbol)[];
  rawListeners(name: string | symbol): ((...args: unknown[]) => unknown)[];
  listeners(name: string | symbol): ((...args: unknown[]) => unknown)[];
  removeAllListeners: (this: Emitter, ...name: (string | symbol)[]) => unknown;
  prependListener(name: string | symbol, listener: Listener): unknown;
  addListener(name: string | symbol, listener: Listener): unknown;
  on: (this: Emitter, name: string | symbol, listener: Listener) => unknown;
  off(name: string | symbol, listener: Listener): unknown;
}

/**
 * A pending query waits for a `close` listener, which `end()` of whaileys removes without calling it: the query's timer would
 * then keep the socket and the process alive for a minute. This calls those listeners on removal, and at once if they are added after
 * the end. Apply it after the library has added its own listeners; `addListener` still receives the real `close`.
 */
export function settleQueriesOnEnd(ws: Emitter): void {
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
