/** The data shapes callers see. Field names and values are those of the HTTP contract. */
import type { SessionDetail } from "./session-detail.js";
import type { WebhookEventName } from "./webhook-events.js";

/** Every {@link SessionStatus}. */
export const SESSION_STATUSES = ["disconnected", "connecting", "connected"] as const;

/** The public state of a session. */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** A proxy of one session: all that goes to WhatsApp goes through it, or nowhere. */
export interface ProxyConfig {
  /** A name or an address, without a scheme. */
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Default `http`. */
  readonly protocol?: "http" | "https" | "socks4" | "socks5" | undefined;
}

/** A proxy as it is shown: without its password. */
export interface ProxyInfo {
  readonly protocol: "http" | "https" | "socks4" | "socks5";
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly hasPassword: boolean;
}

/** What `create` takes. */
export interface CreateSessionInput {
  /** 1 to 100 characters, unique among all sessions; composed and decomposed letters count as the same. */
  readonly name: string;
  /** http or https; events are POSTed there. Null counts as left out. */
  readonly webhookUrl?: string | null | undefined;
  /** The events to send; an empty list sends none. Null counts as left out. */
  readonly webhookEvents?: readonly WebhookEventName[] | null | undefined;
}

/** A session as `list` shows it. */
export interface SessionSummary {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  readonly status: SessionStatus;
  /** The linked number in `+5511999999999` form; null until linked and after a logout. */
  readonly phoneNumber: string | null;
  readonly webhookUrl: string | null;
  readonly webhookEvents: readonly WebhookEventName[];
  /** ISO 8601 UTC with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly detail: SessionDetail;
}

/** A session as `get` shows it. */
export interface SessionInfo extends SessionSummary {
  /** The QR code to scan now, null when there is none. */
  readonly qrCode: string | null;
  /** The webhook and further endpoints; only when there is one. */
  readonly endpoints?: readonly EndpointInfo[];
  /** Only when there is one. */
  readonly proxy?: ProxyInfo;
}

/** The result of `create`. */
export interface CreatedSession extends SessionInfo {
  /**
   * The secret that signs this session's webhooks (Standard Webhooks, `whsec_…`). Given once, here, and only when a
   * `webhookUrl` was set.
   */
  readonly webhookSecret?: string;
}

/** The result of `getOrCreate`. */
export interface FoundOrCreatedSession extends CreatedSession {
  /** Whether it was made now. False: it was there, and nothing of it was changed. */
  readonly created: boolean;
}

/** What `update` takes. What is left out stays as it is. */
export interface UpdateSessionInput {
  /** Null takes the webhook away, with its events, its secret and what is queued for it. */
  readonly webhook?: UpdateWebhookInput | null | undefined;
  /**
   * Further endpoints beside the webhook, by names of your choice (`crm`, `audit-log`); each has its own queue. Those not
   * named stay as they are, null takes one away with what is queued for it. At most ten.
   */
  readonly endpoints?: Readonly<Record<string, UpdateWebhookInput | null>> | undefined;
  /** Null: direct. A session that is online reconnects through it. */
  readonly proxy?: ProxyConfig | null | undefined;
}

/** A change of a session's webhook. */
export interface UpdateWebhookInput {
  /** Where events go, http or https; null: nowhere, while the rest is kept. What is queued goes to the new one. */
  readonly url?: string | null | undefined;
  /** Replaces the subscribed events. */
  readonly events?: readonly WebhookEventName[] | undefined;
  /** False: nothing is queued or sent. True also after a receiver's 410 has switched it off. */
  readonly enabled?: boolean | undefined;
  /** Makes a new secret, which the result shows once. The old one signs beside it for 24 hours, and so do those before it. */
  readonly rotateSecret?: boolean | undefined;
  /** Replaces the headers that are sent beside ours, such as an `authorization` of the receiver's. Never shown again. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The largest body that the receiver takes, in bytes, at least 1,024: larger events are sent by reference. Null: any size. */
  readonly maxBodyBytes?: number | null | undefined;
}

/** The result of `update`. */
export interface UpdatedSession extends CreatedSession {
  /** The secrets of further endpoints that were made now, by the endpoint's name: given once, here. */
  readonly endpointSecrets?: Readonly<Record<string, string>>;
}

/** A webhook endpoint as `get` shows it: without its secret and without the values of its headers. */
export interface EndpointInfo {
  /** `default` is the session's webhook. */
  readonly name: string;
  readonly url: string | null;
  readonly events: readonly WebhookEventName[];
  readonly enabled: boolean;
  /** Names of the headers it is sent. */
  readonly headers: readonly string[];
  /** Events with a larger body are sent by reference. */
  readonly maxBodyBytes?: number;
  /** What it does now; only in what `get` returns. */
  readonly activity?: EndpointActivity;
  /** Why the last attempt to deliver failed; left out while deliveries succeed, and after a restart until the next failure. */
  readonly lastError?: EndpointError;
}

/** What a webhook endpoint does at this moment. */
export interface EndpointActivity {
  /** `sending`: a request is under way. `retrying`: the last one failed, and the next one waits. Else `idle`. */
  readonly state: "idle" | "sending" | "retrying";
  /** Events that wait to be delivered. */
  readonly queued: number;
}

/** A failed attempt to deliver to an endpoint. */
export interface EndpointError {
  /** ISO 8601 UTC with milliseconds. */
  readonly at: string;
  /** Contains neither URL nor address. */
  readonly reason: string;
}

/** The result of `getStatus`. */
export interface SessionStatusInfo {
  readonly id: string;
  readonly name: string;
  readonly status: SessionStatus;
  readonly phoneNumber: string | null;
  readonly detail: SessionDetail;
}

/** The result of `getQRCode`. */
export interface QRCodeInfo {
  readonly id: string;
  /** The newest QR code, null when there is none to scan. */
  readonly qrCode: string | null;
  readonly status: SessionStatus;
  /** Which QR code of this connection attempt, from 1; only with a code. */
  readonly seq?: number;
  /** When it is replaced: ISO 8601 UTC; only with a code. */
  readonly expiresAt?: string;
}

/** The result of `pair`. */
export interface PairingCodeInfo {
  /** Eight characters, to be typed on the phone. */
  readonly pairingCode: string;
  /** ISO 8601 UTC. */
  readonly expiresAt: string;
}

/** The result of `logout`. */
export interface LogoutResult {
  /** Whether WhatsApp acknowledged that the device is unlinked. */
  readonly unlinked: "confirmed" | "unconfirmed" | "not-linked";
}
