/** What a session needs of its manager: sessions know neither store nor credentials. */
import type { UserFacingSocketConfig } from "whaileys";
import type { BackoffLimits } from "./backoff.js";
import type { ZpwootError } from "../errors.js";
import type { LinkLimits } from "./linking/limits.js";
import type { EngineEventName, EngineEvents, NamedWhatsAppEvent } from "../api/events.js";
import type { MessageAuthors } from "../whatsapp/authorship/message-authors.js";
import type { AuthState, SocketFactory, StoredAlong } from "../whatsapp/library.js";
import type { RemovalOptions, WipeCause } from "../api/backup.js";
import type { Logger } from "../api/logger.js";
import type { SessionPlace } from "../api/session-detail.js";
import type { SessionRecord } from "../api/session-record.js";
import type { SaveOptions } from "./record.js";
import type { Egress } from "../egress/proxy.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import type { SocketChecks } from "../whatsapp/signatures/socket-checks.js";
import type { QRStyle } from "../whatsapp/qr-text.js";
import type { ClientVersion } from "../whatsapp/client-version.js";

/** How {@link SessionServices.loadAuth} loads. */
interface LoadAuthOptions {
  /** Whether the session's record says that it is linked. */
  readonly wasLinked: boolean;
  readonly onFailure: (error: ZpwootError) => void;
}

/** Which credentials are deleted, and why. */
export interface LinkWipe extends RemovalOptions {
  readonly cause: WipeCause;
  /** The public identity key of those that WhatsApp spoke of: others are kept. Absent: a command is for any. */
  readonly identity?: Uint8Array | undefined;
  /** Written in the same batch. */
  readonly record?: SessionRecord;
}

/** What a session needs of its manager. */
export interface SessionServices {
  /** Loads the library on the first call; rejects with `MISSING_PACKAGE`. */
  readonly library: () => Promise<SocketFactory>;
  readonly versions: ClientVersion;
  /** Where sockets connect. */
  readonly url: string;
  /** Options of a session's next socket. */
  readonly config: (sessionId: string, library: SocketFactory) => Partial<UserFacingSocketConfig>;
  /** How the session reaches WhatsApp: direct, or through its proxy as it is configured now. */
  readonly egress: (sessionId: string) => Egress;
  /**
   * Rejects with `STORE_UNAVAILABLE` while the store does not confirm that this process runs the sessions, with `STORE_CORRUPT` when
   * credentials that were linked are damaged or gone.
   */
  readonly loadAuth: (sessionId: string, options: LoadAuthOptions) => Promise<AuthState>;
  /** Who wrote a session's last messages, kept in memory over its reconnects. */
  authors(sessionId: string): MessageAuthors;
  /** Drops what is kept in memory of a session: what is stored was changed by something else. */
  forgetMemory(sessionId: string): void;
  /**
   * Deletes the credentials and Signal keys of a link that was never made. Settles with false when the store holds those of a link, which
   * another process has made: they are kept.
   */
  readonly wipeHalfLink: (sessionId: string) => Promise<boolean>;
  /** Deletes the credentials and Signal keys of a link, and keeps a tombstone in the same batch. Settles like {@link wipeHalfLink}. */
  readonly wipeLink: (sessionId: string, wipe: LinkWipe) => Promise<boolean>;
  /** Whether the store holds linked credentials of the session. Makes none. Rejects like {@link loadAuth}. */
  readonly isLinkStored: (sessionId: string) => Promise<boolean>;
  /** Whether the store holds no credentials of the session at all. */
  readonly hasNoCredentials: (sessionId: string) => Promise<boolean>;
  /** Rejects with `STORE_UNAVAILABLE`, soon, when the store does not answer. */
  readonly reachable: () => Promise<void>;
  /** Writes of one session keep their order. */
  readonly saveRecord: (record: SessionRecord, options?: SaveOptions) => Promise<void>;
  /** Names this process as the owner of the store; kept beside a conflict. */
  readonly ownerId: string;
  /**
   * Whether another process of ours has taken the store over: what replaces a connection then is no stranger. Settles soon; never
   * rejects.
   */
  readonly ownershipLost: (sessionId: string) => Promise<boolean>;
  /**
   * Settles when the store says that this process runs the session, before something is done at WhatsApp that can't be taken back. Rejects
   * with `STORE_IN_USE` or, soon, `STORE_UNAVAILABLE`.
   */
  readonly requireOwned: (sessionId: string) => Promise<void>;
  /** Where a session runs; only in a cluster. */
  readonly placeOf?: (sessionId: string) => SessionPlace | undefined;
  /** First step of a deletion: after it, a restart completes the deletion, and leaves a tombstone or not, as is said here. */
  readonly markDeleted: (sessionId: string, options: RemovalOptions) => Promise<void>;
  /** Last step: record, credentials, webhook queue. */
  readonly removeAll: (sessionId: string) => Promise<void>;
  /** Publishes an event of the engine. Never throws. */
  readonly emit: <Name extends EngineEventName>(name: Name, event: EngineEvents[Name]) => void;
  /**
   * Publishes an event of the library. Never throws. Gives a promise if the event is to be stored: settles when it is durable, with what
   * goes along, and rejects when it may not be.
   */
  readonly emitWhatsApp: (
    sessionId: string,
    event: NamedWhatsAppEvent,
    along?: StoredAlong,
  ) => Promise<void> | undefined;
  /** WhatsApp has acknowledged a message of a session, or refused it. Never throws. */
  readonly onMessageAck: (sessionId: string, ack: MessageAck) => void;
  readonly logger: Logger;
  /** `steadyNow`: the clock for waits, which setting the clock of the machine does not move. */
  readonly now: () => number;
  readonly random: () => number;
  readonly timeouts: { readonly connectMs: number; readonly loginMs: number; readonly unlinkMs: number };
  /** How long messages may come in without an event, and events be held back, in milliseconds. */
  readonly deafTimeoutMs: number;
  readonly backoff: BackoffLimits;
  /** A connection that was open for so long resets the counts of attempts. */
  readonly stableAfterMs: number;
  /** After how many attempts in a row to give up; null for never. */
  readonly maxAttempts: number | null;
  /** How long to offer a link, unless `connect` says otherwise. */
  readonly linking: LinkLimits;
  /** Which signatures are enforced, and who is believed. */
  readonly checks: SocketChecks;
  /** How QR codes are written. */
  readonly qrStyle: Pick<QRStyle, "format" | "browser">;
}
