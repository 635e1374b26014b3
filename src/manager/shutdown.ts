/** `stop`: everything ends, in order and in bounded time. */
import { waitFor } from "../async/deadline.js";
import type { ManagerParts } from "./compose.js";

/** How long sockets and deliveries may take to end before the store is closed. */
const WIND_UP_MS = 1_500;
/** How long messages that are on their way may hold up the end of their connections. */
const SENDS_MS = 500;
/** How long all of it may take; the store, which may have lost its server, has at least the second time. */
const STOP_MS = 2_000;
const CLOSE_STORE_MS = 300;
/** How long the store may take beyond that to let go of its server. */
const RELEASE_STORE_MS = 300;

/** Ends every part. Settles within about two seconds, when the store is closed; rejects only as its `close` does. */
export async function shutdown(parts: ManagerParts): Promise<void> {
  const { registry, backups, messages, publisher, egresses, ownership, store, logger } = parts;
  // While everything works: each session goes on at another node.
  await parts.cluster?.giveAll();
  const startedAt = performance.now();
  const leftOf = (ms: number): number => Math.max(0, ms - (performance.now() - startedAt));
  await waitFor(registry.close(), { timeoutMs: CLOSE_STORE_MS });
  const sessions = registry.all();
  logger.info({ sessions: sessions.length }, "Manager stops");
  // Before the connections end: what is on its way can be acknowledged.
  const told = messages.stop();
  // The sessions first: what they still receive goes to the publisher, and what they send waits for that.
  const quiet = waitFor(told, { timeoutMs: SENDS_MS }).then(() =>
    Promise.allSettled(sessions.map((session) => session.stop())),
  );
  const ended = Promise.allSettled([
    told,
    backups.stop(),
    quiet.then(() => publisher.stop(leftOf(WIND_UP_MS))),
  ]);
  const result = await waitFor(ended, { timeoutMs: leftOf(WIND_UP_MS) });
  if (result.by === "timeout") {
    logger.warn(
      { timeoutMs: WIND_UP_MS },
      "Connections or deliveries did not end in time; the store is closed now",
    );
  }
  egresses.close();
  const leftMs = (): number => Math.max(CLOSE_STORE_MS, leftOf(STOP_MS));
  await waitFor(ownership.release(), { timeoutMs: leftMs() / 2 });
  const timeoutMs = leftMs();
  const closed = await waitFor(store.close(timeoutMs), { timeoutMs: timeoutMs + RELEASE_STORE_MS });
  if (closed.by === "timeout") {
    logger.warn({ store: store.description }, "The store did not close in time");
  }
  logger.info({}, "Manager stopped");
}
