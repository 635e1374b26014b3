/** What a `SessionManager` offers, as an interface: adapters (HTTP, CLI) and test doubles are written against it. */
import type { ApiKeysApi } from "./api-keys.js";
import type { ChatsApi } from "./chats.js";
import type { ClusterApi } from "./cluster.js";
import type { ContactsApi } from "./contacts.js";
import type { GroupsApi } from "./groups.js";
import type { ImportOptions, WrittenAuth } from "./backup.js";
import type {
  EventStreamOptions,
  FailedDelivery,
  OutgoingStats,
  PublishedEvent,
  StreamedEvent,
} from "./event-stream.js";
import type { SessionEventName, SessionListener } from "./events.js";
import type { Health } from "./health.js";
import type { MediaMessage, OpenedMedia, OpenMediaOptions } from "./media.js";
import type { MessageContent } from "./message-content.js";
import type { MessageInfo, SendMessageOptions, SentMessage } from "./messages.js";
import type {
  CreatedSession,
  CreateSessionInput,
  FoundOrCreatedSession,
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
import type { WebhookEventName } from "./webhook-events.js";

/** Options of `waitFor`: what ends the wait. */
export interface WaitOptions {
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal;
  /** Ends the wait with `TIMEOUT`, in milliseconds; Infinity: never. Default 60,000. */
  readonly timeoutMs?: number;
}

/** Options of `connect`: limits of linking, for a session that is not linked yet. Defaults: the manager's `whatsapp.linking`. */
export interface ConnectOptions {
  /** QR codes to show at most, counted over every connection that this `connect` opens. */
  readonly maxQrs?: number;
  /** How long to offer a link, in milliseconds. */
  readonly timeoutMs?: number;
  /** Disconnects the session if it is aborted before the session is linked; later it does nothing. */
  readonly signal?: AbortSignal;
}

/** Options of `getQRCode`: what it waits for. */
export interface QRCodeOptions {
  /** A code after the one with this number. Default 0: any. */
  readonly after?: number;
  /** How long to wait for one, in milliseconds, while the session is connecting. Default 0: not at all. */
  readonly timeoutMs?: number;
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/** Options of `pair`. */
export interface PairOptions {
  /** A custom code: eight characters of `123456789ABCDEFGHJKLMNPQRSTVWXYZ`. */
  readonly code?: string;
  /** Requests a new code although the last one is still valid. Default false. */
  readonly force?: boolean;
}

/**
 * The commands on sessions. Every method with an `id` rejects with `SESSION_NOT_FOUND` for one that does not exist; all reject with
 * `STORE_UNAVAILABLE` while the store does not answer, and with `STOPPED` after `stop()`. Commands are idempotent: asking for
 * what is already so resolves, and the same call twice at once shares one outcome. Of different calls the last one wins; those
 * before it reject with `ABORTED`. `SessionManager` documents each with an example.
 */
export interface SessionsApi {
  /** Stores a new session, status `disconnected`. Rejects with `INVALID_INPUT`, `SESSION_NAME_TAKEN`. */
  create(input: CreateSessionInput): Promise<CreatedSession>;
  /** Lists all sessions, oldest first. */
  list(): Promise<SessionSummary[]>;
  /** Returns everything about a session, its QR code included. */
  get(id: string): Promise<SessionInfo>;
  /** Returns the status of a session and the reason for it. */
  getStatus(id: string): Promise<SessionStatusInfo>;
  /** Returns the newest QR code, or waits for one; `qrCode` is null when there is none to scan. Rejects with `INVALID_INPUT`, `ABORTED`. */
  getQRCode(id: string, options?: QRCodeOptions): Promise<QRCodeInfo>;
  /**
   * Brings a session online. Settles when the connection attempt has started (status `connecting`), not when it is connected:
   * use `waitFor`. Rejects with `CONNECTION_FAILED` when no attempt could start, `PROXY_FAILED`, `MISSING_PACKAGE`,
   * `INVALID_INPUT`, `ABORTED`. A session that no phone links becomes `disconnected` (`link-timeout`).
   */
  connect(id: string, options?: ConnectOptions): Promise<void>;
  /** Closes the connection and keeps the credentials. Settles when the connection is closed. */
  disconnect(id: string): Promise<void>;
  /** Closes the connection, if there is one, and connects with the same credentials. Settles and rejects like `connect`. */
  restart(id: string): Promise<void>;
  /** Unlinks the device at WhatsApp, within a time limit and whether or not that works, then deletes all credentials. */
  logout(id: string): Promise<LogoutResult>;
  /** Unlinks the device if it is linked, then deletes the session and everything that is stored for it. */
  delete(id: string): Promise<void>;
  /**
   * Returns a code that links the account when it is typed on the phone. `phoneNumber` is in international format; spaces, dots,
   * dashes and brackets in it are ignored. Rejects with `INVALID_INPUT`, `SESSION_NOT_CONNECTED` when the session is not
   * connecting, `SESSION_ALREADY_LINKED`, `PAIRING_REFUSED`, `STORE_UNAVAILABLE`, `TIMEOUT`.
   */
  pair(id: string, phoneNumber: string, options?: PairOptions): Promise<PairingCodeInfo>;
  /**
   * Waits for a status; resolves at once if the session has it. Rejects with `TIMEOUT`, `ABORTED`, `INVALID_INPUT`, and with
   * `SESSION_NOT_CONNECTED` when the session stopped in another state that only a command can change.
   */
  waitFor(id: string, status: SessionStatus, options?: WaitOptions): Promise<SessionInfo>;
  /** The fourteen events that a webhook can subscribe to, in the order of the HTTP contract. */
  listWebhookEvents(): readonly WebhookEventName[];
  /** Calls the listener at every event of this name. Throws `INVALID_INPUT` for an unknown name. */
  on<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): unknown;
  /** Removes a listener. Throws `INVALID_INPUT` for an unknown name. */
  off<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): unknown;
}

/** What a `SessionManager` offers beyond {@link SessionsApi}. Each method is documented there, with its errors and an example. */
export interface FullSessionsApi extends SessionsApi {
  /** Returns the session with this name, or stores a new one. Rejects with `INVALID_INPUT`. */
  getOrCreate(input: CreateSessionInput): Promise<FoundOrCreatedSession>;
  /** Changes webhooks and proxy. Rejects with `INVALID_INPUT`. */
  update(id: string, input: UpdateSessionInput): Promise<UpdatedSession>;
  /** Sends a message. Settles when WhatsApp has acknowledged it; with `queue`, when it is stored. */
  sendMessage(
    id: string,
    to: string,
    content: MessageContent,
    options?: SendMessageOptions,
  ): Promise<SentMessage>;
  /** Returns how far a sent message got. Rejects with `MESSAGE_NOT_FOUND`. */
  getMessage(id: string, messageId: string): Promise<MessageInfo>;
  /** Lists the webhook deliveries that were given up, oldest first. */
  listFailedDeliveries(id: string): Promise<readonly FailedDelivery[]>;
  /** Queues a failed delivery again. Rejects with `DELIVERY_NOT_FOUND`, `OUTBOX_FULL`. */
  redeliver(id: string, deliveryId: string): Promise<void>;
  /** Returns one event that is kept. Rejects with `EVENT_NOT_FOUND`. */
  getEvent(id: string, eventId: string): Promise<PublishedEvent>;
  /** Opens the media of a message for reading. Rejects with `INVALID_INPUT`, `CONNECTION_FAILED`, `TIMEOUT`, `ABORTED`. */
  openMedia(id: string, message: MediaMessage, options?: OpenMediaOptions): Promise<OpenedMedia>;
  /** Yields events as they happen, after those that came after `after`. */
  events(options?: EventStreamOptions): AsyncGenerator<StreamedEvent, void, undefined>;
  /** The figures of webhooks and of the event log. */
  stats(): OutgoingStats;
  /** Checks store and event loop. Never rejects. */
  health(): Promise<Health>;
  /** Returns the credentials as one encrypted text. Rejects with `INVALID_INPUT` when the session is not linked. */
  exportCredentials(id: string, options: { readonly passphrase: string }): Promise<string>;
  /** Replaces the credentials by an exported text. Rejects with `INVALID_INPUT`, nothing changed. */
  importCredentials(id: string, bundle: string, options: ImportOptions): Promise<WrittenAuth>;
  /** The cluster that this is a node of; undefined without the option `cluster`. */
  readonly cluster?: ClusterApi | undefined;
  /** The API keys of the HTTP adapter. */
  readonly apiKeys: ApiKeysApi;
  /** Groups: list and read them, make them, change their members, subject and invitation. */
  readonly groups: GroupsApi;
  /** People: whether a number has an account, profile pictures, blocks. */
  readonly contacts: ContactsApi;
  /** Chats: online or offline, typing, marking as read. */
  readonly chats: ChatsApi;
}
