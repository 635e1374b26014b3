/** What a socket reports to the session. */
import type { NamedWhatsAppEvent } from "../api/events.js";
import type { CloseSignal } from "./close-signal.js";
import type { HandledDeafness } from "./deafness-watch.js";
import type { StoredAlong } from "./library.js";
import type { BadSignature } from "./signatures/socket-checks.js";

/** WhatsApp's own acknowledgement of a message that was sent. */
export interface MessageAck {
  readonly id: string;
  /** The number that it was refused with. */
  readonly error?: number;
  /** When WhatsApp took it, in seconds since the epoch. */
  readonly timestamp?: number;
}

/** Callbacks of a socket. Called synchronously; must not throw. */
export interface SocketHooks {
  /** The library drew a QR code. */
  onQR(value: string): void;
  /** WhatsApp accepted the login; `onOpen` follows after the start-up queries. */
  onLogin(): void;
  onOpen(): void;
  /** The account was linked; WhatsApp asks for a restart next. */
  onLinked(): void;
  /** WhatsApp no longer accepts the secret in the current QR code. */
  onSecretRetired(): void;
  /** The account requires a passkey for this link. */
  onPasskey(): void;
  /** WhatsApp has acknowledged a message, or refused it. */
  onMessageAck(ack: MessageAck): void;
  /** A signature is not what it should be. */
  readonly onBadSignature: (failed: BadSignature) => void;
  /** WhatsApp sent something that becomes an event. */
  onStanza(): void;
  /** Messages come in and no events out, or the library held events back: so many kinds of them it has handed out now. */
  onDeaf(found: HandledDeafness): void;
  /** The connection ended by itself. */
  onClosed(signal: CloseSignal): void;
  /** The library changed the creds in place. Settles when they are durable, rejects if they can't be saved. */
  onCreds(): Promise<void>;
  /**
   * One of WhatsApp's events, without keys. Gives a promise if it is to be stored: settles when it is durable, rejects when it may not
   * be. `along` is to be stored in the same batch.
   */
  onEvent(event: NamedWhatsAppEvent, along?: StoredAlong): Promise<void> | undefined;
}
