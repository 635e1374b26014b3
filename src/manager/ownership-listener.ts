/** What a manager does when its ownership of the sessions ends: connections are open only while the store confirms it. */
import type { Logger } from "../api/logger.js";
import type { EventHub } from "../events/event-hub.js";
import type { OwnershipListener } from "../ownership/ownership.js";
import type { Session } from "../session/session.js";
import { DEFAULTS } from "./options.js";
import { restoreAll } from "./restore.js";
import type { SessionRegistry } from "./session-registry.js";

/** How long a session may connect before the next one does. */
const HOLD_MS = 2_000;

/** The parts of a manager that follow its ownership. */
export interface OwnershipListenerParts {
  readonly registry: () => Pick<SessionRegistry<Session>, "all" | "close">;
  readonly hub: EventHub;
  readonly logger: Logger;
  /** Aborted when the manager stops. */
  readonly signal: AbortSignal;
  /** Stops the manager. Never rejects. */
  readonly stop: () => void;
}

/** Closes connections when the ownership expires, makes them again when it is confirmed, and ends everything when it is lost. */
export function ownershipListener({
  registry,
  hub,
  logger,
  signal,
  stop,
}: OwnershipListenerParts): OwnershipListener {
  const sessions = (): readonly Session[] => registry().all();
  return {
    onExpired: (error) => {
      for (const session of sessions()) session.failStore(error);
    },
    onConfirmed: () => {
      const restoring = sessions().map((session) => ({ restore: () => reconnect(session, signal) }));
      const limits = { concurrency: DEFAULTS.restoreConcurrency, random: Math.random, onDone: () => {} };
      void restoreAll(restoring, { ...limits, signal });
    },
    onLost: (error) => {
      logger.error({ code: error.code }, error.message);
      void registry().close(error);
      for (const session of sessions()) void session.stop(error);
      hub.emit("error", { sessionId: null, error });
      stop();
    },
  };
}

async function reconnect(session: Session, signal: AbortSignal): Promise<void> {
  session.storeIsBack();
  const goal = "to get through its first attempt";
  const isThrough = (): boolean => session.state.name !== "connecting" && session.state.name !== "waiting";
  if (session.wantsOnline) await session.until(isThrough, { goal, timeoutMs: HOLD_MS, signal });
}
