/**
 * Notices a Redis that takes what is written to it and answers nothing. The client's own time-out can't: it starts anew with every
 * write, so that a busy process would wait until TCP gives up, which takes a quarter of an hour; and it ends the connection of a process
 * that stood still itself, although the answer has arrived.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DeadlineError, withDeadline } from "../../async/deadline.js";

/**
 * The client's own time-out, in milliseconds: for a server that takes a connection and says nothing before it can be asked. As long as
 * a lease: a process that stood still for less keeps its connections.
 */
export const MUTE_MS = 10_000;

/** The part of a Redis client that is used. */
interface WatchedClient {
  readonly isReady: boolean;
  ping(): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** How a connection is watched. */
export interface WatchOptions {
  /** How long to wait with the next ping, in milliseconds. They keep an idle connection open as well. */
  readonly pauseMs: () => number;
  /** A ping that is not answered for so long means that the connection is lost, in milliseconds. */
  readonly silentMs: number;
  /** Errors of connecting again. */
  readonly onError: (error: unknown) => void;
}

/** Connects again whenever the server is silent. Returns how to stop watching. */
export function watchAnswers(client: WatchedClient, options: WatchOptions): () => void {
  const { pauseMs, silentMs, onError } = options;
  const stopping = new AbortController();
  const ask = async (): Promise<void> => {
    try {
      await withDeadline("Redis", silentMs, () => client.ping());
    } catch (error) {
      if (!(error instanceof DeadlineError) || !client.isReady) return;
      onError(error);
      // Rejects what waits for an answer.
      client.destroy();
      client.connect().catch(onError);
    }
  };
  const watch = async (): Promise<void> => {
    const { signal } = stopping;
    while (!signal.aborted) {
      await sleep(pauseMs(), undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted && client.isReady) await ask();
    }
  };
  void watch();
  return () => stopping.abort();
}
