/** Which of the engine's own events readers of the event log get beside the fourteen of WhatsApp. */
import type { EngineEvents } from "./events.js";

/** The engine's own events that the log holds. None of them carries a secret. */
export const LOGGED_ENGINE_EVENTS = [
  "session.created",
  "session.updated",
  "session.deleted",
  "session.status",
  "session.linked",
  "session.logged-out",
  "session.action-required",
] as const satisfies readonly (keyof EngineEvents)[];
