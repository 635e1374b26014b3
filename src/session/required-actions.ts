/** What a session asks a person to do: the `session.action-required` events of the engine, with their words. */
import type { RequiredAction } from "../api/events.js";
import type { SessionServices } from "./services.js";

/** The actions that a session itself asks for; webhooks ask for theirs. */
export type SessionAction = Exclude<RequiredAction, `webhook-${string}`>;

const RESTRICTED = "WhatsApp restricted this account. Open WhatsApp on the phone to see why.";

const MESSAGES: Readonly<Record<SessionAction, string>> = {
  "temporary-ban": RESTRICTED,
  locked: RESTRICTED,
  banned: RESTRICTED,
  passkey:
    "WhatsApp wants a passkey for linking this account, which only its own clients can give. Take the passkey off the account, " +
    "or import credentials that were linked elsewhere.",
  conflict: "Another process uses this session's credentials. Stop it, then connect again.",
  "update-client-version": "WhatsApp refuses this client version. Update whaileys, or set whatsapp.version.",
  "store-corrupt":
    "Records of this session in the store are damaged or gone. Restore the session (a snapshot, an export, a tombstone), or delete it and " +
    "link again; when its credentials are gone, a logout does as well.",
};

/** Logs and emits that someone has to act. */
export function requireAction(
  services: Pick<SessionServices, "emit" | "logger">,
  sessionId: string,
  action: SessionAction,
): void {
  const message = MESSAGES[action];
  services.logger.warn({ sessionId, action }, message);
  services.emit("session.action-required", { sessionId, action, message });
}
