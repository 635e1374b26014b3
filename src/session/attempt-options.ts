/** What a connection attempt is made from, and the facts it reports. */
import type { Agent } from "node:http";
import type { UserFacingSocketConfig } from "whaileys";
import type { NamedWhatsAppEvent } from "../api/events.js";
import type { Logger } from "../api/logger.js";
import type { ZpwootError } from "../errors.js";
import type { AuthorshipChecks } from "../whatsapp/authorship/message-authors.js";
import type { HandledDeafness } from "../whatsapp/deafness-watch.js";
import type { AuthState, SocketFactory, StoredAlong } from "../whatsapp/library.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import type { BadSignature, SocketChecks } from "../whatsapp/signatures/socket-checks.js";
import type { Egress } from "../egress/proxy.js";
import type { QRStyle } from "../whatsapp/qr-text.js";
import type { LinkingLimits } from "./linking/limits.js";

/** A new fact of an attempt. */
export type AttemptFact =
  | "aborted"
  | "failed-to-start"
  | "store-failed"
  | "auth-loaded"
  | "qr"
  | "pairing-code"
  | "passkey"
  | "linked"
  | "login"
  | "open"
  | "closed";

/** What an attempt is made from. */
export interface AttemptOptions {
  readonly sessionId: string;
  /** Loads the library on the first call. */
  readonly library: () => Promise<SocketFactory>;
  /** Settles when the client version to announce is known as well as it can be. Never rejects. */
  readonly resolveVersion: (agent: Agent | undefined) => Promise<void>;
  /** Loads the auth state; `onFailure` is called once when a write has failed for good. */
  readonly loadAuth: (onFailure: (error: ZpwootError) => void) => Promise<AuthState>;
  /** Lasts longer than the attempt: it knows who wrote the session's last messages. */
  readonly authorship: AuthorshipChecks;
  /** Where the socket connects. */
  readonly url: string;
  readonly config: (library: SocketFactory) => Partial<UserFacingSocketConfig>;
  /** The way out as the session is configured now: its proxy may change while the attempt starts. */
  readonly egress: () => Egress;
  /** How long a link may still be offered. */
  readonly limits: LinkingLimits;
  readonly qrStyle: Pick<QRStyle, "format" | "browser">;
  /** Which signatures are enforced, and who is believed. */
  readonly checks: SocketChecks;
  readonly onBadSignature: (failed: BadSignature) => void;
  /** How long messages may come in without an event, and events be held back, in milliseconds. */
  readonly deafTimeoutMs: number;
  /** WhatsApp sent something that becomes an event. */
  readonly onStanza: () => void;
  /** The connection was deaf. Returns whether to connect again. */
  readonly onDeaf: (found: HandledDeafness) => boolean;
  /** Connect only if the account is linked. */
  readonly onlyLinked: boolean;
  /** `connectMs`: from making the socket to the first QR code or the login; `loginMs`: from the login to open. */
  readonly timeouts: { readonly connectMs: number; readonly loginMs: number };
  readonly logger: Logger;
  readonly now: () => number;
  /** Called after every new fact. */
  readonly wake: (fact: AttemptFact) => void;
  /** WhatsApp has acknowledged a message, or refused it. */
  readonly onMessageAck: (ack: MessageAck) => void;
  readonly onEvent: (event: NamedWhatsAppEvent, along?: StoredAlong) => Promise<void> | undefined;
}
