/** What the engine needs from a Baileys-family library. Each supported library implements it in a file of its own in `libraries/`. */
import type { SignalKeyStore } from "whaileys";
import type { LibraryConfig, LibraryCredentials, LibrarySocket } from "../api/library-types.js";
import type { HandshakeKey } from "./signatures/server-hello.js";

/** The socket of the Baileys-family library that is installed; whaileys' type if it is among them. */
export type WhatsAppSocket = LibrarySocket;

/** Credentials of one linked device, in the format of whaileys. */
export type Credentials = LibraryCredentials;

/** `WebSocket.CLOSED`. */
export const WEB_SOCKET_CLOSED = 3;

/** The part of the `ws` WebSocket under a socket that the engine uses. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Destroys the connection at once; a `close` event follows. */
  terminate(): void;
  addListener(event: "close", listener: () => void): unknown;
}

/** How a library is loaded. */
export interface LibraryOptions {
  /** Whether functions of the library may be replaced in memory: `whatsapp.patches`. */
  readonly patches: boolean;
}

/** Caches passed to a socket as options of its library: one set per session, reused when it reconnects. */
export type SessionCaches = Readonly<Record<string, unknown>>;

/** Runs a decryption; `ciphertext` is the content of the stanza's `enc` node, the same object. */
export type DecryptHook = (ciphertext: Uint8Array, decrypt: () => Promise<Uint8Array>) => Promise<Uint8Array>;

/**
 * Hears that a library acknowledges a message stanza, by its attributes, the same object; undefined: that it gives up the one it has
 * decrypted. `isLast`: no event follows.
 */
export type HandledHook = (stanza: object | undefined, facts: { readonly isLast: boolean }) => void;

/**
 * Creates sockets with a Baileys-family library. The default is whaileys, loaded on the first connect; set
 * `whatsapp.socketFactory` to use another one (docs/libraries.md). Differences between libraries are hidden behind it.
 */
export interface SocketFactory {
  /** Name of the library, for log lines and error texts. */
  readonly name: string;
  /**
   * Creates a socket synchronously; it starts connecting at once. `onFrameError` must be called with errors in incoming
   * frames that the library itself does not handle; the engine then ends the socket. Frames must reach the socket's
   * listeners in the order of arrival.
   */
  makeSocket(config: LibraryConfig, onFrameError: (error: Error) => void): WhatsAppSocket;
  /** Returns the WebSocket under a socket. Called in the same tick as `makeSocket`. */
  webSocketOf(socket: WhatsAppSocket): WebSocketLike;
  /**
   * Returns the ephemeral key of a socket's handshake, once, so that the server's certificates can be checked. Called in the same tick
   * as `makeSocket`. If absent, or if it returns undefined, they are not.
   */
  takeHandshakeKey?(socket: WhatsAppSocket): HandshakeKey | undefined;
  /**
   * Lets every decryption of a received message of this socket go through the hook, one after the other, each right before the library
   * emits the message. Called in the same tick as `makeSocket`. If absent, the keys of a message are stored before its event, and a
   * process that is killed between the two has lost it.
   */
  onDecrypt?(socket: WhatsAppSocket, hook: DecryptHook): void;
  /**
   * Calls the hook when the library acknowledges a message of this socket, or makes no event of it after all. Called in the same tick as
   * `makeSocket`. If absent, a message without an event is noticed two seconds later, and a socket that makes no events at all is not.
   */
  onHandled?(socket: WhatsAppSocket, hook: HandledHook): void;
  /** Whether the library builds no polls; they are handed to it as finished messages then. Default false. */
  readonly lacksPolls?: boolean;
  /**
   * Whether it says of each message when it is about to encrypt it (`FanOut.leaving`): what is given up before that is not sent. If not, a
   * message may leave at any time after it was handed over. Default false.
   */
  readonly announcesSends?: boolean;
  /** Creates the caches of one session, as options of `makeSocket`. If absent, the library uses its own. */
  makeCaches?(): SessionCaches;
  /** Creates new, unlinked credentials. */
  initAuthCreds(): Credentials;
  /**
   * Whether a stored Signal record has a form that this library can read. One that has not counts as absent, like any damaged record:
   * the library would take it for a session that can't be used, and never make a new one. If absent, every form is passed on.
   */
  readonly isSignalRecord?: (family: string, stored: unknown) => boolean;
  /** Converts a stored `sender-key` that another library wrote to the form this library reads. */
  reviveSenderKey?(stored: unknown): unknown;
  /** Restores the protobuf class of an `app-state-sync-key` that was stored as a plain object. */
  reviveAppStateSyncKey(plain: object): object;
}

/** A library, or a function that loads it. */
export type SocketFactoryOption =
  SocketFactory | ((options: LibraryOptions) => SocketFactory | Promise<SocketFactory>);

/** The key store of whaileys with transactions, which the engine replaces with its own. */
export type TransactionalKeys = SignalKeyStore & {
  /** Whether the caller runs inside a transaction. */
  isInTransaction(): boolean;
  /** Runs the work and returns its result. With a key (Baileys 7), waits for all earlier work with a key. */
  transaction<T>(work: () => Promise<T>, key?: string): Promise<T>;
};

/** One record of a session that is stored. */
interface StoredChange {
  readonly family: string;
  readonly id: string;
  readonly value: unknown;
}

/** Gives what is to be stored in the same batch, in the turn in which the batch is handed to the store. */
export type StoredAlong = () => readonly StoredChange[];

/** What the receipt of one message changes in the store: stored in one batch with the message's event, never before it. */
export interface ReceivedChanges {
  /** Settles when they are durable. Rejects when they may not be, or were dropped. */
  readonly durable: Promise<void>;
  /** Whether there is nothing to store. */
  readonly isEmpty: boolean;
  /** The message itself counts as received once they are durable. */
  note(messageId: string): void;
  /** Keeps the message with them until {@link ReceivedKeys.judged}: its event waits for a verdict. Returns what it is kept under. */
  keep(message: unknown): string;
  /** What is to be stored, in the turn in which it is handed to the store. Once. */
  take(): readonly StoredChange[];
}

/** Keeps the keys that a message changes together with the message's event. */
export interface ReceivedKeys {
  /** Whether a message was received before. */
  isKnown(messageId: string): boolean;
  /** Starts to collect. `onFirst` is called when the first key is changed. */
  collect(onFirst: () => void): ReceivedChanges;
  /** Ends the collecting: what is changed from now on is stored by itself. */
  collected(changes: ReceivedChanges): void;
  /**
   * Stores the changes: with the event, which is durable when `published` settles, or by themselves. A failure is one of the auth
   * state's.
   */
  store(changes: ReceivedChanges, published: Promise<void> | undefined): void;
  /** Messages that were kept and not judged when the last connection ended. */
  unjudged(): ReadonlyMap<string, unknown>;
  /** What is stored with the event of a message that was kept; or by itself, if it has none: {@link forgetKept}. */
  judged(kept: string): StoredAlong;
  /** A message that was kept has no event. */
  forgetKept(kept: string): void;
  /** Forgets changes whose event will never come: the message will be delivered and decrypted again. */
  drop(): void;
}

/** A message that is sent. */
export interface SentMessage {
  readonly id: string;
  /** The JID that it is sent to. */
  readonly chat: string;
  /** The protobuf message, as an object. */
  readonly content: unknown;
}

/** Which message is asked for: the key that the libraries give `getMessage`. */
export interface AskedMessage {
  readonly id?: string | null;
  /** The chat of whoever asks. */
  readonly remoteJid?: string | null;
}

/** A revoke or an edit of a message. */
export interface MessageChange {
  readonly kind: "revoke" | "edit";
  /** Of the message that it is about. */
  readonly id: string;
  /** The new content of an edited message, if the edit is not encrypted once more. */
  readonly edited?: unknown;
}

/** Keeps the messages that are sent, for those who could not read them and ask again. */
export interface SentMessageKeeper {
  /** Settles when messages can be kept; undefined when they can already. Rejects with `STORE_UNAVAILABLE`, `ABORTED`. */
  ready(): Promise<void> | undefined;
  /** Keeps a message. It is stored with the keys that are changed next, which are those that it is encrypted with. */
  keep(message: SentMessage): void;
  /** Whether a message is to be stored that was stored with no key. */
  isWaiting(messageId: string): boolean;
  /** Notes revokes and edits that this device has not sent. Returns whether they concern a message that is kept. */
  changed(messageId: string, changes: readonly MessageChange[]): boolean;
  /** The content of a message as it was edited last; undefined if it is not kept, or was revoked. Rejects like {@link ready}. */
  find(key: AskedMessage): Promise<unknown>;
}

/** The auth state of one session: what a socket reads and changes, and how it is persisted. */
export interface AuthState {
  /** The live object; the library changes it in place. */
  readonly creds: Credentials;
  /** The Signal key store; what it has set is durable, or waits for the event of a message. */
  readonly keys: TransactionalKeys;
  /** For the keys that received messages change. */
  readonly received: ReceivedKeys;
  readonly sent: SentMessageKeeper;
  /** Whether the account is linked: `creds.account` is present. `me` alone is already set while a pairing code is pending. */
  readonly linked: boolean;
  /** Saves the current creds; settles when they are durable. Unchanged creds are not written. */
  save(): Promise<void>;
  /** Settles when every write started so far is durable or has failed. Never rejects. */
  settled(): Promise<void>;
  /** Rejects every later call with `ABORTED`, so that an abandoned socket can't write. */
  close(): void;
  /** Rejects those calls, too, that wait for the store, which is not to be relied on. What they write may still become durable. */
  abandon(): void;
}
