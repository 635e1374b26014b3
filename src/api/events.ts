/** The typed events of a {@link SessionManager}. Each has one object as its payload. */
import type { ZpwootError, ZpwootErrorCode } from "../errors.js";
import type { RefusedClaim } from "./authorship.js";
import type { MessageEvent } from "./messages.js";
import type { LogoutCause, RestrictionReason, SessionDetail } from "./session-detail.js";
import type { SessionStatus } from "./session-info.js";
import type { LibraryEvents } from "./library-types.js";
import type { WebhookEventName } from "./webhook-events.js";

/** One of WhatsApp's events, with whaileys' payload untouched under `data`. */
export interface WhatsAppEvent<Name extends WebhookEventName = WebhookEventName> {
  readonly sessionId: string;
  readonly data: LibraryEvents[Name];
}

/**
 * An event of the library with its name, as one value: the type of `data` follows from `name`. The socket, the session and the
 * event publisher pass it on to each other.
 */
export type NamedWhatsAppEvent<Name extends WebhookEventName = WebhookEventName> = {
  readonly [Each in Name]: { readonly name: Each; readonly data: LibraryEvents[Each] };
}[Name];

/** How a connected session is deaf. */
export type DegradedReason =
  /** Messages came in, and the library made no events of them. */
  | "no-events"
  /** The library held events back: the end of a catch-up did not come, say. */
  | "events-held";

/** What a person has to do about a session. */
export type RequiredAction =
  /** See on the phone why WhatsApp restricted the account. */
  | RestrictionReason
  /** Take the passkey off the account, or import credentials that were linked elsewhere. */
  | "passkey"
  /** Stop the other process that uses this session's credentials, then connect again. */
  | "conflict"
  /** Update the library, or set `whatsapp.version`. */
  | "update-client-version"
  /** Restore the session from a snapshot or an export, or delete it: its records in the store are damaged. */
  | "store-corrupt"
  /** Set another URL: the receiver answered 410 and its endpoint is disabled. */
  | "webhook-gone"
  /** Bring the receiver back: the outbox is full. */
  | "webhook-outbox-full";

/**
 * A signature that is checked: that of WhatsApp's root under the certificates of its servers, that of the account under a new link, that of
 * a recipient's device under its keys.
 */
export type SignatureCheck = "noise-certificate" | "account-signature" | "pre-key";

/** One read or write of the store, with the time it waited for others and with its retries. */
export interface StoreOperation {
  readonly operation: "read" | "write";
  /** How many keys were read or written. */
  readonly keys: number;
  /** Milliseconds. */
  readonly ms: number;
  readonly ok: boolean;
}

/** The engine's own events: payloads by name. */
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
  /** The device is linked: credentials are stored, and the connection is opened again. */
  "session.linked": { readonly sessionId: string; readonly phoneNumber: string };
  /** The account no longer knows this device; the credentials are gone and a new link is needed. */
  "session.logged-out": { readonly sessionId: string; readonly cause: LogoutCause };
  /** A person has to do something that the engine can't. */
  "session.action-required": {
    readonly sessionId: string;
    readonly action: RequiredAction;
    /** What to do, as one sentence for a person. */
    readonly message: string;
  };
  /** A signature is missing or wrong: someone may be in between, or WhatsApp has changed something (`whatsapp.checks`). */
  "session.bad-signature": {
    readonly sessionId: string;
    readonly check: SignatureCheck;
    /** Whether what it came with was refused. Otherwise it was used, and this is a warning. */
    readonly refused: boolean;
    /** What is wrong, as one sentence. */
    readonly message: string;
    /** The recipient's device, as a JID, for `pre-key`. */
    readonly device?: string;
  };
  /**
   * A connection was open and deaf: messages came in and no events came out, or the library held events back. What it held is handed out, and
   * the session connects again, once an hour at most.
   */
  "session.degraded": {
    readonly sessionId: string;
    readonly reason: DegradedReason;
    /** `none`: it was connected again within the last hour. */
    readonly action: "reconnect" | "none";
    /** Messages that came, and were neither an event nor acknowledged. WhatsApp delivers them again. */
    readonly waitingMessages: number;
    /** Kinds of events that were held back. */
    readonly heldEvents: readonly string[];
    /** Kinds of events that were held back and are handed out now. */
    readonly handedOut: number;
    /** For how long nothing had moved, in milliseconds. */
    readonly forMs: number;
    readonly lastInboundAt?: string;
    readonly lastEventAt?: string;
  };
  /** `start()` brought another session back, or gave up on it for now. */
  "session.restored": { readonly sessionId: string; readonly done: number; readonly total: number };
  /**
   * Somebody revoked or edited a message without being its author (or, for a revoke, an admin of the group). It was refused: no event
   * of WhatsApp says so, to listeners, webhooks and streams alike.
   */
  "message.refused": RefusedClaim & { readonly sessionId: string };
  /** WhatsApp has acknowledged a message that `sendMessage` sent. */
  "message.sent": MessageEvent;
  /** It has reached the recipient; in a group, the first member. Once. */
  "message.delivered": MessageEvent;
  /** It was read; in a group, by the first member. Once. */
  "message.read": MessageEvent;
  /** A queued message will not be sent, or WhatsApp refused one after its caller was told that it may have been sent. */
  "message.failed": MessageEvent & { readonly code: ZpwootErrorCode; readonly message: string };
  /** An endpoint acknowledged an event. */
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
  /** A delivery failed for good: it is listed by `listFailedDeliveries`. */
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
  /** A read or write of the store ended. Emitted only while the event has a listener. For metrics. */
  "store.operation": StoreOperation;
  /** An error outside any call: a listener that throws, an error inside the library. */
  error: { readonly sessionId: string | null; readonly error: Error };
}

/** The name of one of the engine's own events. */
export type EngineEventName = keyof EngineEvents;

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
  "session.bad-signature",
  "session.degraded",
  "message.refused",
  "message.sent",
  "message.delivered",
  "message.read",
  "message.failed",
] as const satisfies readonly (keyof EngineEvents)[];

const MIRRORED = Symbol.for("zpwoot.mirrored-event");

/** Marks the event of a session that another node of the cluster runs. */
export function markMirrored<Event extends object>(event: Event): Event {
  return Object.defineProperty(event, MIRRORED, { value: true });
}

/** Whether an event is of a session that another node of the cluster runs: that node has counted it. */
export function isMirrored(event: object): boolean {
  return MIRRORED in event;
}
