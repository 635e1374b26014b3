/** Whether a manager can do its work right now. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Health, OwnershipState } from "../api/health.js";
import type { Logger } from "../api/logger.js";
import { waitFor } from "../async/deadline.js";
import { messageOf } from "../errors.js";
import type { Ownership } from "../ownership/ownership.js";
import type { SessionState } from "../session/state.js";
import { reachable, type Store } from "../store/store.js";

/** The store has to answer within this time. */
const STORE_MS = 2_000;
const LAG_PROBE_MS = 20;
const MAX_LAG_MS = 1_000;

/** The parts of a manager that its health is about. */
export interface HealthParts {
  readonly store: Store;
  readonly ownership: Ownership;
  readonly registry: { all(): readonly { readonly state: SessionState }[] };
  readonly logger: Logger;
}

/** Checks store, ownership and event loop, and counts sessions in conflict. Settles within about two seconds; never rejects. */
export async function healthOf({ store, ownership, registry, logger }: HealthParts): Promise<Health> {
  const [storeOk, eventLoopLagMs] = await Promise.all([answers(store, logger), lag()]);
  return {
    ok: storeOk && isFine(ownership.state) && eventLoopLagMs < MAX_LAG_MS,
    store: storeOk ? "ok" : "unavailable",
    ownership: ownership.state,
    eventLoopLagMs,
    conflicts: registry.all().filter(({ state }) => state.name === "conflict").length,
  };
}

function isFine(state: OwnershipState): boolean {
  return state === "owned" || state === "unclaimed";
}

async function answers(store: Store, logger: Logger): Promise<boolean> {
  const answered = reachable(store).then(
    () => true,
    (error: unknown) => {
      logger.warn({ error: messageOf(error) }, "The store does not answer, or takes no writes");
      return false;
    },
  );
  const result = await waitFor(answered, { timeoutMs: STORE_MS });
  // An owner's own writes, one every three seconds, are the probe.
  return result.by === "value" && result.value && store.refusal === undefined;
}

async function lag(): Promise<number> {
  const startedAt = performance.now();
  await sleep(LAG_PROBE_MS);
  return Math.max(0, Math.round(performance.now() - startedAt - LAG_PROBE_MS));
}
