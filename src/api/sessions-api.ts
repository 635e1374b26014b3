/** What a `SessionManager` offers, as an interface: adapters (HTTP, CLI) and test doubles are written against it. */
import type { ApiKeysApi } from "./api-keys.js";
import type { WrittenAuth } from "./backup.js";
import type { ImportOptions } from "./backup.js";
import type { Health } from "./health.js";
import type { SessionEventName, SessionListener } from "./events.js";
import type {
  CreateSessionInput,
  CreatedSession,
  LogoutResult,
  PairingCodeInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatus,
  SessionStatusInfo,
  SessionSummary,
  UpdatedSession,
  UpdateSessionInput,
} from "./session-info.js";
import type { EventStreamOptions, OutgoingStats, StreamedEvent } from "./event-stream.js";
import type { WebhookEventName } from "./webhook-events.js";
import type { FailedDelivery } from "./event-stream.js";

/** How long a wait may last. */
export interface WaitOptions {
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal;
  /** Ends the wait with `TIMEOUT`, in milliseconds. Default 60,000; Infinity for none. */
  readonly timeoutMs?: number;
}

/** Options of `connect`: limits of linking, for a session that is not linked yet. Those left out are the manager's `whatsapp.linking`. */
export interface ConnectOptions {
  /** QR codes to show at most, over all connections this leads to. */
  readonly maxQrs?: number;
  /** How long to offer a link, in milliseconds. */
  readonly timeoutMs?: number;
  /** Disconnects the session when it is aborted before the session is linked; later it has no effect. */
  readonly signal?: AbortSignal;
}

/** Options of `pair`. */
export interface PairOptions {
  /** A custom code: eight characters of `123456789ABCDEFGHJKLMNPQRSTVWXYZ`. */
  readonly code?: string;
  /** Request a new code although the last one is still valid. Default false. */
  readonly force?: boolean;
}

/**
 * The commands on sessions. Every method rejects with `SESSION_NOT_FOUND` for an unknown id, with `STORE_UNAVAILABLE`
 * when the store does not answer, with `STOPPED` after `stop()`. Lifecycle calls are idempotent: a session that already is as
 * requested resolves, and the same call twice at once shares one outcome. Of different calls the last one wins; those before it
 * reject with `ABORTED`.
 */
export interface SessionsApi {
  /** Stores a new session, `disconnected`. Rejects with `INVALID_INPUT`, `SESSION_NAME_TAKEN`. Never connects. */
  create(input: CreateSessionInput): Promise<CreatedSession>;
  /** All sessions, oldest first. */
  list(): Promise<SessionSummary[]>;
  get(id: string): Promise<SessionInfo>;
  getStatus(id: string): Promise<SessionStatusInfo>;
  /** The newest QR code; `qrCode` is null when there is none to scan. */
  getQRCode(id: string): Promise<QRCodeInfo>;
  /**
   * Brings the session online. Settles when the attempt has started (status `connecting`), not when it is open: use
   * `waitFor`. Already connecting or connected: resolves. Rejects with `CONNECTION_FAILED` when no attempt could start,
   * `PROXY_FAILED`, `MISSING_PACKAGE`, `INVALID_INPUT`, `ABORTED`. A session that is not linked in time ends `disconnected`
   * (`link-timeout`).
   */
  connect(id: string, options?: ConnectOptions): Promise<void>;
  /** Closes the connection and keeps the credentials. Settles when the socket is down. Already disconnected: resolves. */
  disconnect(id: string): Promise<void>;
  /** Closes the connection, if there is one, and connects with the same credentials. Settles like `connect`. */
  restart(id: string): Promise<void>;
  /** Unlinks the device at WhatsApp (with a time limit; continues if that fails), then deletes the credentials. */
  logout(id: string): Promise<LogoutResult>;
  /** Unlinks if linked, then removes the session and all that is stored for it. */
  delete(id: string): Promise<void>;
  /**
   * Returns a code that links the account when it is typed on the phone. `phoneNumber` is in international format; spaces, dots,
   * dashes and brackets in it are ignored. Rejects with `SESSION_NOT_CONNECTED` when the session is not connecting,
   * `SESSION_ALREADY_LINKED`, `INVALID_INPUT`, `PAIRING_REFUSED`, `TIMEOUT`.
   */
  pair(id: string, phoneNumber: string, options?: PairOptions): Promise<PairingCodeInfo>;
  /**
   * Settles when the session has the status, at once if it has. Rejects with `TIMEOUT`, `ABORTED`, `INVALID_INPUT` for an
   * unknown status, and `SESSION_NOT_CONNECTED` when the session stopped in another state that only a command can change.
   */
  waitFor(id: string, status: SessionStatus, options?: WaitOptions): Promise<SessionInfo>;
  /** The names of the events that a webhook can subscribe to. */
  listWebhookEvents(): readonly WebhookEventName[];
  on<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): unknown;
  off<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): unknown;
}

/** What a `SessionManager` offers beyond that; each is documented there. */
export interface FullSessionsApi extends SessionsApi {
  update(id: string, input: UpdateSessionInput): Promise<UpdatedSession>;
  listFailedDeliveries(id: string): Promise<readonly FailedDelivery[]>;
  redeliver(id: string, deliveryId: string): Promise<void>;
  events(options?: EventStreamOptions): AsyncGenerator<StreamedEvent, void, undefined>;
  stats(): OutgoingStats;
  health(): Promise<Health>;
  exportCredentials(id: string, options: { readonly passphrase: string }): Promise<string>;
  importCredentials(id: string, bundle: string, options: ImportOptions): Promise<WrittenAuth>;
  readonly apiKeys: ApiKeysApi;
}
