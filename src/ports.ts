/**
 * What the engine needs from outside, as small structural interfaces, and the data shapes that cross them. No code but
 * constants: everything may import this file, it imports nothing of ours.
 */
import type { Agent } from "node:http";
import type {
  AuthenticationCreds,
  SignalKeyStore,
  UserFacingSocketConfig,
  WAMessage,
  WASocket as WhaileysSocket,
} from "whaileys";

/** A pino-compatible logger. Silent by default; the engine never passes it a secret. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

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

/** A record that exists: its value, or the `STORE_CORRUPT` error that says it can't be read. */
export type StoredValue =
  | { readonly value: unknown; readonly corrupt?: undefined }
  | { readonly value?: undefined; readonly corrupt: Error };

/** Durable key-value records under the whole engine: one per process, whatever the number of sessions. */
export interface Store {
  /** The kind and place, without credentials: `lmdb:./.zpwoot`, `memory:`, `postgres://host/db`. */
  readonly description: string;
  /**
   * Makes the store ready (file, table, sentinel record). Idempotent; rejects with `STORE_UNAVAILABLE` and may be
   * called again later.
   */
  open(): Promise<void>;
  /**
   * The values of those keys that exist; a key not in the map is proved absent. Rejects with `STORE_UNAVAILABLE` when
   * that can't be known, with `STORE_CORRUPT` when a record is there and can't be read.
   */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Like `read`, but a record that can't be read stands in its place instead of failing the call. Rejects with
   * `STORE_UNAVAILABLE` only.
   */
  readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Writes all entries as one atomic, durable batch; `null` deletes. Values may hold Buffers. Writes of one scope (a
   * session id) keep their order. Values are serialised before the call returns, so later mutation does no harm.
   * Rejects with `STORE_UNAVAILABLE` after bounded retries.
   */
  write(scope: string, entries: ReadonlyMap<string, unknown>): Promise<void>;
  /** Waits for pending writes (bounded), then releases what the store owns. Idempotent. */
  close(): Promise<void>;
}
