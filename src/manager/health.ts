/** Whether a manager can do its work right now. */
import type { Health } from "../api/health.js";
import { messageOf } from "../errors.js";
import type { Store } from "../store/store.js";
import { reachable } from "../store/store.js";

/** The store has to answer within this time. */
const STORE_MS = 2_000;
const LAG_PROBE_MS = 20;
const MAX_LAG_MS = 1_000;

/** Looks. Settles within about two seconds; never rejects. */
export async function healthOf(store: Store, log: (error: string) => void): Promise<Health> {
  const [storeOk, eventLoopLagMs] = await Promise.all([answers(store, log), lag()]);
  return {
    ok: storeOk && eventLoopLagMs < MAX_LAG_MS,
    store: storeOk ? "ok" : "unavailable",
    eventLoopLagMs,
  };
}

async function answers(store: Store, log: (error: string) => void): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), STORE_MS)));
  const answered = reachable(store).then(
    () => true,
    (error: unknown) => {
      log(messageOf(error));
      return false;
    },
  );
  const ok = await Promise.race([answered, late]);
  clearTimeout(timer);
  return ok;
}

async function lag(): Promise<number> {
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, LAG_PROBE_MS));
  return Math.max(0, Math.round(performance.now() - begun - LAG_PROBE_MS));
}
