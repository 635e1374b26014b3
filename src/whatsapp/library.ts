/** What the engine needs of a Baileys-family library, as small structural interfaces. What differs between libraries is one file each in `libraries/`. */
import type { Agent } from "node:http";
import type {
  AuthenticationCreds,
  SignalKeyStore,
  UserFacingSocketConfig,
  WAMessage,
  WASocket as WhaileysSocket,
} from "whaileys";

/** The socket of a Baileys-family library; whaileys' type stands for the family. */
export type WhatsAppSocket = WhaileysSocket;

/** Credentials of one linked device, as whaileys keeps them. */
export type Credentials = AuthenticationCreds;

/** The `ws` WebSocket that a socket stands on, as far as the engine uses it. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Cuts the connection; `close` follows. */
  terminate(): void;
  addListener(event: "close", listener: () => void): unknown;
}

/** Caches that a socket is given as options of its own library, one set per session, kept over reconnects. */
export type SessionCaches = Readonly<Record<string, unknown>>;

/**
 * A Baileys-family library, as the engine uses it. The default is whaileys, loaded on the first connect; a caller may
 * hand in another one (docs/libraries.md). What differs between libraries is absorbed here, in one file per library.
 */
export interface SocketFactory {
  readonly name: string;
  /**
   * Makes a socket, synchronously; it starts connecting at once. `onFrameError` is to be called with errors the library
   * meets in incoming frames and would otherwise leave to nobody; the engine then ends the socket. Frames must reach
   * the socket's listeners in the order in which they came.
   */
  makeSocket(config: UserFacingSocketConfig, onFrameError: (error: Error) => void): WhatsAppSocket;
  /** The WebSocket under a socket made a moment ago, in the same turn. */
  webSocketOf(socket: WhatsAppSocket): WebSocketLike;
  /** New caches for one session, as options of `makeSocket`. Without it the library's own are used. */
  makeCaches?(): SessionCaches;
  /** New, unlinked credentials. */
  initAuthCreds(): Credentials;
  /** Downloads and decrypts what a media message holds, through the agent; asks for it to be uploaded again when it is gone. */
  downloadMedia?(
    message: WAMessage,
    way: { readonly agent: Agent | undefined; readonly socket: WhatsAppSocket | undefined },
  ): Promise<Buffer>;
  /** Gives a stored `sender-key` the form the library reads, where another one's differs. */
  reviveSenderKey?(stored: unknown): unknown;
  /** Restores the protobuf class of an `app-state-sync-key` that was stored as a plain object. */
  reviveAppStateSyncKey(plain: object): object;
}

/** whaileys' key store with its transaction capability, which the engine replaces by its own. */
export type TransactionalKeys = SignalKeyStore & {
  isInTransaction(): boolean;
  /** Runs the work; with a key (Baileys 7), after all other such work. Gives what the work gives. */
  transaction<T>(work: () => Promise<T>, key?: string): Promise<T>;
};

/** The auth state of one session: what a socket is given, and what keeps it durable. */
export interface AuthState {
  /** The live object that the library mutates in place. */
  readonly creds: Credentials;
  readonly keys: TransactionalKeys;
  /** Whether the account is linked: `creds.account` is present (`me` alone is not enough, see engine.md section 4). */
  readonly linked: boolean;
  /** Takes a snapshot of the creds now; settles when it is durable. Unchanged creds write nothing. */
  save(): Promise<void>;
  /** Settles when every write begun so far is durable or has failed. Never rejects. */
  settled(): Promise<void>;
  /** Refuses every later call with `ABORTED`, so that a socket that was left behind can't write. */
  close(): void;
}
