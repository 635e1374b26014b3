/**
 * Catches rejections inside a library that no wrapper can reach, such as an unhandled promise created deep inside it. An
 * AsyncLocalStorage context links each to its session, so that a host can handle those alone; all others keep Node's behaviour.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const sessions = new AsyncLocalStorage<string>();

/** Runs a synchronous call. All asynchronous work that it starts belongs to the session. */
export function runInSession<T>(sessionId: string, call: () => T): T {
  return sessions.run(sessionId, call);
}

/**
 * Reports unhandled rejections inside a session's socket to `report` instead of ending the process. Every other rejection ends
 * the process as without this guard, unless the host itself listens for `unhandledRejection`. Opt-in; `zpwoot serve` uses it.
 * @returns a function that removes the guard.
 * @example
 * const remove = guardUnhandledRejections((sessionId, reason) => logger.error({ sessionId, reason }, "unhandled rejection"));
 */
export function guardUnhandledRejections(report: (sessionId: string, reason: unknown) => void): () => void {
  const listener = (reason: unknown): void => {
    const sessionId = sessions.getStore();
    if (sessionId !== undefined) return report(sessionId, reason);
    if (process.listenerCount("unhandledRejection") > 1) return;
    // A listener disables Node's default for every rejection, so this restores it for those of other origin.
    process.nextTick(() => {
      throw reason instanceof Error ? reason : new Error(`unhandled rejection: ${String(reason)}`);
    });
  };
  process.on("unhandledRejection", listener);
  return () => process.off("unhandledRejection", listener);
}
