/** The options of a `SessionManager`, and all their defaults. They are checked in `check-options.ts`. */
import type { LibraryConfig } from "../api/library-types.js";
import type { MessagesOptions } from "../api/messages.js";
import type { SnapshotsOption, TombstonesOption } from "../api/backup.js";
import type { Logger } from "../api/logger.js";
import type { ClusterPlan } from "../cluster/ports.js";
import type { OwnershipOptions } from "../ownership/ownership.js";
import type { EncryptionKey } from "../store/encryption.js";
import type { StoreOption } from "../store/open-store.js";
import type { WebhookOptions } from "../webhooks/index.js";
import type { VersionResolver, WhatsAppVersion } from "../whatsapp/client-version.js";
import type { SocketFactoryOption } from "../whatsapp/library.js";
import type { CheckMode } from "../whatsapp/signatures/socket-checks.js";
import type { QRFormat } from "../whatsapp/qr-text.js";

/**
 * The options of a `SessionManager`. Each has a default; an unknown one is an error.
 *
 * @example
 * new SessionManager({
 *   store: process.env.DATABASE_URL,
 *   encryptionKeys: [process.env.STORE_KEY ?? ""],
 *   logger: pino(),
 *   reconnect: { maxDelayMs: 120_000 },
 * });
 */
export interface SessionManagerOptions {
  /**
   * Where sessions, credentials and queued webhooks are stored: a URL (`lmdb:path`, `memory:`, `postgres://…`, `redis://…`), a
   * Keyv, a Keyv storage adapter, or a Map. Default `lmdb:.zpwoot`: embedded and durable, in one directory.
   */
  readonly store?: StoreOption;
  /**
   * Encrypts everything that is stored (AES-256-GCM). Keys of 32 bytes, as bytes, base64 or hex: the first one encrypts, any of
   * them decrypts. To change the key, put a new one first, run `reencrypt`, then remove the old one. Default: not encrypted.
   */
  readonly encryptionKeys?: readonly EncryptionKey[];
  /** Takes encrypted snapshots of all sessions while the manager is started. Default: off. */
  readonly snapshots?: SnapshotsOption;
  /**
   * How long copies of credentials are kept that a logout, a deletion or WhatsApp's word deleted: `restoreTombstone` brings them back.
   * Default: seven days.
   */
  readonly tombstones?: TombstonesOption;
  /**
   * A pino-compatible logger; `false` for silence. Default: warnings and errors on standard error, one line each, so that an
   * exception in your own listeners is never lost.
   */
  readonly logger?: Logger | false;
  /** How connections to WhatsApp are made. */
  readonly whatsapp?: WhatsAppOptions;
  /** How lost connections are opened again. */
  readonly reconnect?: ReconnectOptions;
  /** How `start()` brings sessions back. */
  readonly restore?: RestoreOptions;
  /** What to do while another process runs the sessions of the store. */
  readonly ownership?: OwnershipOptions;
  /**
   * Shares the sessions of the store with other nodes: `cluster()` of `zpwoot/cluster`, on Postgres or Redis. Default: this process runs all
   * sessions.
   */
  readonly cluster?: ClusterPlan;
  /** The limits of webhooks. */
  readonly webhooks?: WebhookOptions;
  readonly media?: MediaOptions;
  /** How many of the messages that a session has sent are kept, to be sent again to a phone that could not read one. */
  readonly sentMessages?: SentMessagesOptions;
  /** What is kept of sent messages, and how fast queued ones leave. */
  readonly messages?: MessagesOptions;
  /** The log behind `events()` and the adapter's server-sent events. Default: on, in memory. */
  readonly eventLog?: EventLogOption | false;
}

/** How many past events are kept, for readers that come back. */
export interface EventLogOption {
  /** Events kept for each session, at most 4 MiB of them, and 64 MiB for all sessions. Default 1,000. */
  readonly keep?: number;
  /** Keeps them in the store too, so that readers can continue after a restart. Costs one more write per event. Default false. */
  readonly durable?: boolean;
}

/** How connections to WhatsApp are made. */
export interface WhatsAppOptions {
  /** WebSocket URL of the WhatsApp service, or of an emulator. Default: the library's, which is the real service. */
  readonly url?: string;
  /**
   * Where media is stored and fetched instead of at WhatsApp's hosts, as an http:// or https:// URL: `emulator.media.url`. It may be at a
   * private address. Default: WhatsApp's hosts.
   */
  readonly mediaUrl?: string;
  /**
   * A Baileys-family library, or a function that loads one on the first connect: `baileys7(() => import("baileys"))`. Default: whaileys.
   * See docs/libraries.md.
   */
  readonly socketFactory?: SocketFactoryOption;
  /** Whether defects of the library are patched in memory and its slow curve is replaced (docs/libraries.md#without-patches). The same for the whole process. Default true. */
  readonly patches?: boolean;
  /**
   * The client version to announce, or how to find it. Default: the version of WhatsApp Web, fetched before the first connection
   * and then every six hours, through the session's proxy; if that fails, the last one that WhatsApp accepted, then the
   * library's own. With a `url` of your own: the library's.
   */
  readonly version?: WhatsAppVersion | VersionResolver;
  /** What follows a signature that is missing or wrong. Default: it is reported. */
  readonly checks?: ChecksOptions;
  /**
   * The root of the certificates of the server at `url`, as 32 bytes or their hex: `emulator.rootPublicKey`. Default: WhatsApp's own root for
   * WhatsApp's own hosts; the certificates of other servers are not checked.
   */
  readonly noiseRootKey?: Uint8Array | string;
  /** How long a session offers to be linked after one `connect`. */
  readonly linking?: LinkingOptions;
  /**
   * The text of QR codes. `bare`: `ref,noise,identity,secret`; `url`: the same after `https://wa.me/settings/linked_devices#`,
   * with the kind of client as a fifth field, as WhatsApp Web draws them since May 2026. Phones accept both. Default `bare`.
   */
  readonly qrFormat?: QRFormat;
  /** The linked device as the phone lists it: system, browser, system version. WhatsApp refuses unusual names. */
  readonly browser?: readonly [string, string, string];
  /** From opening a socket to its first QR code or its login, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** From the login to `connected`, in milliseconds. Default 60,000. */
  readonly loginTimeoutMs?: number;
  /** How long WhatsApp may take to confirm an unlink, in milliseconds; connecting for it is included. Default 10,000. */
  readonly unlinkTimeoutMs?: number;
  /** How long messages may come in without an event, and events be held back by the library, in milliseconds (`session.degraded`). Default 75,000. */
  readonly deafTimeoutMs?: number;
  /** How long each QR code is shown, in milliseconds. Default: 60,000 the first, 20,000 each further one. */
  readonly qrTimeoutMs?: number;
  /** Between two keep-alive pings, in milliseconds. Default 25,000: half the idle load of the library's 15,000. */
  readonly keepAliveIntervalMs?: number;
  /** Ask the phone for the chat history after linking. Default false. */
  readonly syncHistory?: boolean;
  /** Announce the account as online while connected. Default true. */
  readonly markOnline?: boolean;
  /**
   * Whether sessions' proxies may be at private, loopback and link-local addresses. Default false: otherwise everyone who may configure
   * a session could reach into your network.
   */
  readonly allowPrivateProxies?: boolean;
  /** Returns a message you sent, for a phone that could not decrypt it and asks again. It is asked before {@link SessionManagerOptions.sentMessages}. */
  readonly getMessage?: LibraryConfig["getMessage"];
}

/**
 * Whether what fails a check is used or refused. `report`: it is used, with a warning in the log, a `session.bad-signature` event and a
 * metric; `enforce`: it is refused too. The signed pre-keys of recipients, and who wrote a group message, are always enforced.
 */
export interface ChecksOptions {
  /**
   * Whether a new link is signed by the account that it names. Enforced, nothing of another link is stored, and the session offers a new QR
   * code (`bad-account-signature`). Default `report`.
   */
  readonly accountSignature?: CheckMode;
  /**
   * Whether the server has certificates of WhatsApp's root for the key that encrypts the connection. Enforced, nothing is sent to another
   * server, and the session tries again later (`untrusted-server`). Default `report`.
   */
  readonly noiseCertificate?: CheckMode;
}

/** Bounds of media: of `downloadMedia`, of files that are sent by URL, and of what the library downloads by itself. */
export interface MediaOptions {
  /** The largest file to take into memory, in bytes. Default 128 MiB; WhatsApp stores up to 2 GB. */
  readonly maxBytes?: number;
  /**
   * What all transfers hold in memory at once, in bytes; one file comes on top. Without room a transfer pauses, for a minute at most.
   * Default 256 MiB.
   */
  readonly maxTotalBytes?: number;
  /** Whether files may be fetched from private, loopback and link-local addresses. Default false. */
  readonly allowPrivateSources?: boolean;
}

/**
 * How many of the messages that a session has sent are kept, to be sent again to a phone that could not read one: with its newest edit, and not
 * after it was deleted. The oldest go first.
 */
export interface SentMessagesOptions {
  /** Messages kept for each session. Default 1,000. */
  readonly keep?: number;
  /** What they may take for each session, in bytes. A larger message is not kept. Default 4 MiB. */
  readonly maxBytes?: number;
  /** How long a message is kept, in milliseconds. Default seven days. */
  readonly maxAgeMs?: number;
  /** Whether they are in the store, encrypted like everything there, and so outlive a restart; else they are in memory. Default true. */
  readonly durable?: boolean;
}

/** The limits of linking. Past either, the session becomes `disconnected` (`link-timeout`); the next `connect` starts again. */
export interface LinkingOptions {
  /** QR codes shown after one `connect`, over all its connections. Default: as many as WhatsApp issues per connection, six. */
  readonly maxQrs?: number;
  /** From `connect` to the link, in milliseconds. Default: as long as WhatsApp allows, about 160 s for each connection. */
  readonly timeoutMs?: number;
}

/** How lost connections are opened again. */
export interface ReconnectOptions {
  /** The first wait, a quarter more or less, in milliseconds; later ones grow up to `maxDelayMs`. Default 3,000. */
  readonly firstDelayMs?: number;
  /** The longest wait, in milliseconds. Default 60,000. */
  readonly maxDelayMs?: number;
  /** How long a connection must have been open for the waits to start from the first again, in milliseconds. Default 60,000. */
  readonly stableAfterMs?: number;
  /** Failed attempts in a row after which the session fails; its credentials are kept. Default: no limit. */
  readonly maxAttempts?: number;
}

/** How `start()` brings sessions back. */
export interface RestoreOptions {
  /** How many sessions may be connecting at once. Default 10. */
  readonly concurrency?: number;
}

/** All defaults. */
export const DEFAULTS = {
  store: "lmdb:.zpwoot",
  url: "wss://web.whatsapp.com/ws/chat",
  browser: ["Windows", "Chrome", "10.0"],
  patches: true,
  qrFormat: "bare",
  connectTimeoutMs: 30_000,
  loginTimeoutMs: 60_000,
  unlinkTimeoutMs: 10_000,
  deafTimeoutMs: 75_000,
  keepAliveIntervalMs: 25_000,
  firstDelayMs: 3_000,
  maxDelayMs: 60_000,
  stableAfterMs: 60_000,
  checks: "report",
  allowPrivateProxies: false,
  mediaMaxBytes: 128 * 1024 * 1024,
  mediaMaxTotalBytes: 256 * 1024 * 1024,
  allowPrivateSources: false,
  messagesKeep: 1_000,
  messagesKeepMs: 3 * 24 * 60 * 60_000,
  maxQueued: 1_000,
  maxQueuedBytes: 16 * 1024 * 1024,
  perMinute: 20,
  jitter: 0.4,
  firstContact: 3,
  restoreConcurrency: 10,
  eventLogKeep: 1_000,
  eventLogBytes: 4 * 1024 * 1024,
  eventLogTotalBytes: 64 * 1024 * 1024,
} as const;
