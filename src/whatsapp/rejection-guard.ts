/**
 * The last net under the library: what no wrapper reaches (a promise nobody holds, made deep inside) is tagged with its
 * session by an AsyncLocalStorage context. A host may let us claim just those rejections; all others keep Node's
 * behaviour.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const sessions = new AsyncLocalStorage<string>();

/** Runs a synchronous call; whatever it starts is tagged with the session. */
export function inSession<T>(sessionId: string, call: () => T): T {
  return sessions.run(sessionId, call);
}

/**
 * Claims unhandled rejections that began inside a session's socket, and reports them to `report`. Every other rejection
 * ends the process as it does without this guard, unless the host listens for `unhandledRejection` itself.
 * Opt-in: `zpwoot serve` uses it; a host may.
 * @returns a function that removes the guard.
 */
export function guardUnhandledRejections(report: (sessionId: string, reason: unknown) => void): () => void {
  const listener = (reason: unknown): void => {
    const sessionId = sessions.getStore();
    if (sessionId !== undefined) return report(sessionId, reason);
    if (process.listenerCount("unhandledRejection") > 1) return;
    // Being listened to switches Node's own reaction off for every rejection; this is that reaction.
    process.nextTick(() => {
      throw reason instanceof Error ? reason : new Error(`unhandled rejection: ${String(reason)}`);
    });
  };
  process.on("unhandledRejection", listener);
  return () => process.off("unhandledRejection", listener);
}
