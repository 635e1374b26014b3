/** Whether a manager can do its work right now. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Health } from "../api/health.js";
import type { Logger } from "../api/logger.js";
import { waitFor } from "../async/deadline.js";
import { messageOf } from "../errors.js";
import { reachable, type Store } from "../store/store.js";

/** The store has to answer within this time. */
const STORE_MS = 2_000;
const LAG_PROBE_MS = 20;
const MAX_LAG_MS = 1_000;

/** Checks store and event loop. Settles within about two seconds; never rejects. */
export async function healthOf(store: Store, logger: Logger): Promise<Health> {
  const [storeOk, eventLoopLagMs] = await Promise.all([answers(store, logger), lag()]);
  return {
    ok: storeOk && eventLoopLagMs < MAX_LAG_MS,
    store: storeOk ? "ok" : "unavailable",
    eventLoopLagMs,
  };
}

async function answers(store: Store, logger: Logger): Promise<boolean> {
  const answered = reachable(store).then(
    () => true,
    (error: unknown) => {
      logger.warn({ error: messageOf(error) }, "The store does not answer");
      return false;
    },
  );
  const result = await waitFor(answered, { timeoutMs: STORE_MS });
  return result.by === "value" && result.value;
}

async function lag(): Promise<number> {
  const startedAt = performance.now();
  await sleep(LAG_PROBE_MS);
  return Math.max(0, Math.round(performance.now() - startedAt - LAG_PROBE_MS));
}
