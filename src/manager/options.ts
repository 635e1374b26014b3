/** The options of a `SessionManager`: parsed once, here, with all defaults in one object. */
import type { SnapshotsOption } from "../api/backup.js";
import type { UserFacingSocketConfig } from "whaileys";
import type { SocketFactory } from "../whatsapp/library.js";
import type { Logger } from "../api/logger.js";
import type { EncryptionKey } from "../store/encryption.js";
import type { StoreOption } from "../store/open-store.js";
import type { QRFormat } from "../whatsapp/qr-text.js";
import type { VersionResolver, WhatsAppVersion } from "../whatsapp/client-version.js";
import type { WebhookOptions } from "../webhooks/index.js";

/** What a `SessionManager` takes. Everything has a default. */
export interface SessionManagerOptions {
  /**
   * Where sessions, credentials and queued webhooks live: a URL (`lmdb:path`, `memory:`, `postgres://…`, `redis://…`), a
   * Keyv, or a Keyv storage adapter. Default `lmdb:.zpwoot`: embedded, durable, one file tree.
   */
  readonly store?: StoreOption;
  /**
   * Encrypts all that is stored (AES-256-GCM). Keys of 32 bytes, as bytes, base64 or hex: the first one writes, all of them read.
   * To change it, put a new key first, run `reencrypt`, then take the old one away. Default: not encrypted.
   */
  readonly encryptionKeys?: readonly EncryptionKey[];
  /** Automatic encrypted snapshots of all sessions, while the manager is started. Default: none. */
  readonly snapshots?: SnapshotsOption;
  /**
   * A pino-compatible logger; `false` for silence. Default: warnings and errors on standard error, one line each, so that an
   * exception in your own listeners is never lost.
   */
  readonly logger?: Logger | false;
  readonly whatsapp?: WhatsAppOptions;
  readonly reconnect?: ReconnectOptions;
  readonly restore?: RestoreOptions;
  readonly webhooks?: WebhookOptions;
  /** The log behind `events()` and the adapter's server-sent events. Default: on, in memory. */
  readonly eventLog?: EventLogOption | false;
}

/** What is kept of past events for readers that come back. */
export interface EventLogOption {
  /** Events kept for each session, at most 4 MiB of them, and 64 MiB for all sessions. Default 1,000. */
  readonly keep?: number;
  /** Keeps them in the store too, so that a reader can go on where it was after a restart: one more write per event. Default false. */
  readonly durable?: boolean;
}

/** How sockets are made. */
export interface WhatsAppOptions {
  /** WebSocket URL of the WhatsApp service, or of an emulator. Default: the library's, which is the real service. */
  readonly url?: string;
  /**
   * A Baileys-family library, or what loads one on the first connect: `baileys7(() => import("baileys"))`. Default: whaileys.
   * See docs/libraries.md.
   */
  readonly socketFactory?: SocketFactoryOption;
  /**
   * The client version to announce, or how to find it. Default: what WhatsApp Web itself announces, asked for before the first
   * connection and then every six hours, through the session's proxy; when that can't be had, the last one that WhatsApp
   * accepted, then the library's own. With a `url` of your own: the library's.
   */
  readonly version?: WhatsAppVersion | VersionResolver;
  /** How long a session goes on offering to be linked after one `connect`. */
  readonly linking?: LinkingOptions;
  /**
   * How QR codes are written. `bare`: `ref,noise,identity,secret`, as the contract shows them; `url`: behind
   * `https://wa.me/settings/linked_devices#` and with the client's kind as a fifth field, as WhatsApp Web draws them since May 2026.
   * Both link. Default `bare`.
   */
  readonly qrFormat?: QRFormat;
  /** What the phone shows as linked device: system, browser, system version. Odd names are refused by WhatsApp. */
  readonly browser?: readonly [string, string, string];
  /** From the making of a socket to its first QR code or its login, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** From the login to `connected`, in milliseconds. Default 60,000. */
  readonly loginTimeoutMs?: number;
  /** How long WhatsApp may take to acknowledge an unlink, connecting for it included. Default 10,000. */
  readonly unlinkTimeoutMs?: number;
  /** How long each QR code lives, in milliseconds. Default: 60,000 the first, 20,000 each further one. */
  readonly qrTimeoutMs?: number;
  /** Between two keep-alive pings, in milliseconds. Default 25,000: half the idle load of the library's 15,000. */
  readonly keepAliveIntervalMs?: number;
  /** Ask the phone for the chat history after linking. Default false. */
  readonly syncHistory?: boolean;
  /** Announce the account as online while connected. Default true. */
  readonly markOnline?: boolean;
  /** Finds a message that was sent, for a phone that could not decrypt it and asks again after the cache's 10 minutes. */
  readonly getMessage?: UserFacingSocketConfig["getMessage"];
}

/** A library, or what loads it. */
export type SocketFactoryOption = SocketFactory | (() => SocketFactory | Promise<SocketFactory>);

/** Bounds of linking. Past either the session comes to rest as `link-timeout`; the next `connect` starts clean. */
export interface LinkingOptions {
  /** QR codes shown after one `connect`, over all connections it leads to. Default: as many as WhatsApp gives one connection, six. */
  readonly maxQrs?: number;
  /** From `connect` to the link, in milliseconds. Default: what WhatsApp gives, about 160 s, begun anew when a connection breaks. */
  readonly timeoutMs?: number;
}

/** How a lost connection is taken up again. */
export interface ReconnectOptions {
  /** The first wait, about, in milliseconds. Default 3,000 (the contract's). */
  readonly firstDelayMs?: number;
  /** The longest wait, in milliseconds. Default 60,000. */
  readonly maxDelayMs?: number;
  /** How long a connection must have been open for the waits to begin anew, in milliseconds. Default 60,000. */
  readonly stableAfterMs?: number;
  /** Attempts in a row before the session fails, credentials kept. Default: never. */
  readonly maxAttempts?: number;
}

/** How `start()` brings sessions back. */
export interface RestoreOptions {
  /** How many sessions may be connecting at once. Default 10. */
  readonly concurrency?: number;
}

/** The defaults, in one place. */
export const DEFAULTS = {
  store: "lmdb:.zpwoot",
  browser: ["Windows", "Chrome", "10.0"],
  qrFormat: "bare",
  connectTimeoutMs: 30_000,
  loginTimeoutMs: 60_000,
  unlinkTimeoutMs: 10_000,
  keepAliveIntervalMs: 25_000,
  firstDelayMs: 3_000,
  maxDelayMs: 60_000,
  stableAfterMs: 60_000,
  restoreConcurrency: 10,
  eventLogKeep: 1_000,
  eventLogBytes: 4 * 1024 * 1024,
  eventLogTotalBytes: 64 * 1024 * 1024,
} as const;
