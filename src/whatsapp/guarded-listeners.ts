/** Puts a guard around the listeners that a library has on its WebSocket client. */
import type { Emitter } from "./pending-queries.js";

/**
 * whaileys ignores the promises of its socket listeners, so a failed handshake is an unhandled rejection. Replaces each listener
 * with a wrapper that passes errors to `fail` instead. No event is missed when it is called in the tick in which the socket was
 * created. (`message` has its own guard in libraries/frame-order.ts.)
 */
export function guardListeners(ws: Emitter, fail: (error: unknown) => void): void {
  for (const name of ws.eventNames()) {
    if (name === "message") continue;
    const listeners = ws.rawListeners(name);
    ws.removeAllListeners(name);
    for (const listener of listeners) ws.on(name, guarded(ws, listener, fail));
  }
}

function guarded(
  ws: Emitter,
  listener: (...args: unknown[]) => unknown,
  fail: (error: unknown) => void,
): (...args: unknown[]) => void {
  return (...args) => {
    try {
      const result = listener.apply(ws, args);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
