/** The typed events of a {@link SessionManager}, each with one object payload. */
import type { BaileysEventMap } from "whaileys";
import type { ZpwootError } from "../errors.js";
import type { SessionDetail, SessionStatus } from "./session-info.js";
import type { WebhookEventName } from "./webhook-events.js";

/** One of WhatsApp's events, with whaileys' payload untouched under `data`. */
export interface WhatsAppEvent<Name extends WebhookEventName = WebhookEventName> {
  readonly sessionId: string;
  readonly data: BaileysEventMap[Name];
}

/** One read or write, as a caller saw it: waiting for its turn and retries included. */
export interface StoreOperation {
  readonly operation: "read" | "write";
  /** How many keys it was about. */
  readonly keys: number;
  /** Milliseconds. */
  readonly ms: number;
  readonly ok: boolean;
}

/** Names and payloads of what the engine itself has to say. */
export interface EngineEvents {
  "session.created": { readonly sessionId: string; readonly name: string };
  "session.updated": { readonly sessionId: string };
  "session.deleted": { readonly sessionId: string };
  /** The public status changed, or the reason for it did. */
  "session.status": {
    readonly sessionId: string;
    readonly from: SessionStatus;
    readonly to: SessionStatus;
    readonly detail: SessionDetail;
  };
  /** A new QR code to show; it replaces every earlier one. */
  "session.qr": {
    readonly sessionId: string;
    readonly value: string;
    /** Counts from 1 on every connection attempt. */
    readonly seq: number;
    readonly expiresAt: string;
  };
  "session.pairing-code": { readonly sessionId: string; readonly value: string; readonly expiresAt: string };
  /** The device is linked: credentials are stored, the connection is opened anew. */
  "session.linked": { readonly sessionId: string; readonly phoneNumber: string };
  /** The account no longer knows this device; the credentials are gone and a new link is needed. */
  "session.logged-out": {
    readonly sessionId: string;
    readonly cause: "logout" | "device-removed" | "login-refused";
  };
  /** Somebody has to do something that the engine can't. */
  "session.action-required": {
    readonly sessionId: string;
    readonly action: string;
    readonly message: string;
  };
  /** `start()` brought another session back, or gave up on it for now. */
  "session.restored": { readonly sessionId: string; readonly done: number; readonly total: number };
  "webhook.delivered": {
    readonly sessionId: string;
    /** `default`, or the name of a further endpoint. */
    readonly endpoint: string;
    readonly deliveryId: string;
    readonly event: WebhookEventName;
    readonly attempts: number;
    /** From the event to its acknowledgement, in milliseconds. */
    readonly afterMs: number;
  };
  "webhook.failed": {
    readonly sessionId: string;
    readonly endpoint: string;
    readonly deliveryId: string;
    readonly event: WebhookEventName;
    readonly attempts: number;
    readonly reason: string;
  };
  /** The store failed for good for this session; its socket was stopped, its credentials are untouched. */
  "store.error": { readonly sessionId: string | null; readonly error: ZpwootError };
  /** A read or write of the store ended; told only while somebody listens. For metrics. */
  "store.operation": StoreOperation;
  /** A failure that belongs to no call: a throwing listener, an error inside the library. */
  error: { readonly sessionId: string | null; readonly error: Error };
}

/** Every event of a manager. */
export type SessionEvents = EngineEvents & { [Name in WebhookEventName]: WhatsAppEvent<Name> };

/** The name of an event. */
export type SessionEventName = keyof SessionEvents;

/** A listener for one event. It may be async; a throw or rejection is reported as an `error` event. */
export type SessionListener<Name extends SessionEventName> = (event: SessionEvents[Name]) => unknown;

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
