/** The names of all events, for checks at run time: plain JavaScript has no types to catch a misspelt one. */
import type { EngineEvents, SessionEventName } from "./events.js";
import { WEBHOOK_EVENTS } from "./webhook-events.js";

/** An object, so that a name that is missing is a type error. */
const ENGINE_EVENTS: Readonly<Record<keyof EngineEvents, true>> = {
  "session.created": true,
  "session.updated": true,
  "session.deleted": true,
  "session.status": true,
  "session.qr": true,
  "session.pairing-code": true,
  "session.linked": true,
  "session.logged-out": true,
  "session.action-required": true,
  "session.bad-signature": true,
  "session.degraded": true,
  "session.restored": true,
  "message.refused": true,
  "message.sent": true,
  "message.delivered": true,
  "message.read": true,
  "message.failed": true,
  "webhook.delivered": true,
  "webhook.failed": true,
  "store.error": true,
  "store.operation": true,
  error: true,
};

/** Every name that `on`, `once` and `off` take. */
export const SESSION_EVENT_NAMES: readonly SessionEventName[] = [
  ...(Object.keys(ENGINE_EVENTS) as (keyof EngineEvents)[]),
  ...WEBHOOK_EVENTS,
];
