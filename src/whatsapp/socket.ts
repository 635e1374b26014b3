/**
 * One socket and all that belongs to it: its guarded listeners, its flush, its end. A session makes one handle per
 * attempt and drops it; nothing of an old socket reaches the session after `close()` was called.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { BaileysEventMap, UserFacingSocketConfig } from "whaileys";
import type { CloseSignal } from "./close-signal.js";
import { messageOf } from "../errors.js";
import type { AuthState, SocketFactory, WebSocketLike, WhatsAppSocket } from "./library.js";
import type { Logger } from "../api/logger.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../api/webhook-events.js";
import { closeSignalOf } from "./close-signal.js";
import { withoutKeys } from "./redact-keys.js";
import { settleQueriesAtEnd, type Emitter } from "./pending-queries.js";
import { inSession } from "./rejection-guard.js";
import { unlinkDevice } from "./unlink-device.js";

/** How long buffered events may take to be handed out when a socket closes. */
const FLUSH_MS = 1_000;
/** How long the peer may take to answer the WebSocket's close before the connection is cut. */
const CLOSE_GRACE_MS = 500;
/** What an account that is guarded by a passkey answers a link with (whatsapp-protocol.md section 13). */
const PASSKEY_NOTIFICATIONS = ["passkey_prologue_request", "crsc_continuation"] as const;
/** `WebSocket.CLOSED`. */
const CLOSED = 3;

/** What a socket reports. Called synchronously; must not throw. */
export interface SocketHooks {
  onQR(value: string): void;
  /** WhatsApp accepted the login; `onOpen` follows when the start-up queries are through. */
  onLogin(): void;
  onOpen(): void;
  /** The account was linked; WhatsApp will ask for a restart. */
  onLinked(): void;
  /** WhatsApp retired the secret in the QR code that is shown. */
  onSecretRetired(): void;
  /** The account wants a passkey for this link. */
  onPasskey(): void;
  onClosed(signal: CloseSignal): void;
  /** The library changed the creds in place; settles when they are durable, rejects when they can't be. */
  onCreds(): Promise<void>;
  onEvent<Name extends WebhookEventName>(name: Name, data: BaileysEventMap[Name]): void;
}

/** What a socket is made from. */
export interface SocketHandleOptions {
  readonly sessionId: string;
  readonly library: SocketFactory;
  readonly auth: AuthState;
  readonly config: Partial<UserFacingSocketConfig>;
  readonly hooks: SocketHooks;
  readonly logger: Logger;
}

/** A live socket. */
export class SocketHandle {
  readonly socket: WhatsAppSocket;
  readonly #options: SocketHandleOptions;
  readonly #detach: (() => void)[] = [];
  readonly #webSocket: WebSocketLike;
  /** The connection under the WebSocket, from the upgrade on. */
  #wire: Duplex | undefined;
  #closing: Promise<void> | undefined;
  #closeSeen = false;
  /** It is being ended for an error; what it still says of itself is not believed. */
  #failed = false;

  /** Makes the socket and begins to connect. Throws what the library throws for impossible options. */
  constructor(options: SocketHandleOptions) {
    this.#options = options;
    const { library, auth, config, sessionId } = options;
    this.socket = inSession(sessionId, () =>
      library.makeSocket({ ...config, auth: { creds: auth.creds, keys: auth.keys } }, (error) =>
        this.#fail(error),
      ),
    );
    this.#webSocket = library.webSocketOf(this.socket);
    // The library wraps our key store in a transaction that loses writes; its wrapper becomes ours again
    // (stores.md section 2.1). The same object is used by every module of the library.
    Object.assign(this.socket.authState.keys, auth.keys);
    this.#guardListeners();
    settleQueriesAtEnd(this.#ws);
    this.#listen();
  }

  /** Hands out what is still buffered, then ends the socket without unlinking. Settles when it is down. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Asks WhatsApp to unlink this device. True when it acknowledged within the time. Never rejects. */
  async unlink(timeoutMs: number): Promise<boolean> {
    const jid = this.#options.auth.creds.me?.id;
    if (jid === undefined) return false;
    try {
      await unlinkDevice(this.socket, jid, timeoutMs);
      return true;
    } catch (error) {
      this.#warn("unlinking was not acknowledged", error);
      return false;
    }
  }

  get #ws(): Emitter {
    return this.socket.ws as unknown as Emitter;
  }

  /**
   * whaileys leaves the promises of its socket listeners to nobody, so a failed handshake is an unhandled rejection.
   * Each listener is registered again through a wrapper that ends this socket instead. Safe: the socket was made in
   * this very tick, no event was missed. (`message` has a guard of its own, see frame-guard.ts.)
   */
  #guardListeners(): void {
    const ws = this.#ws;
    for (const name of ws.eventNames()) {
      if (name === "message") continue;
      const listeners = ws.rawListeners(name);
      ws.removeAllListeners(name);
      for (const listener of listeners) ws.on(name, this.#guarded(listener));
    }
  }

  #guarded(listener: (...args: unknown[]) => unknown): (...args: unknown[]) => void {
    return (...args) => {
      try {
        const result = listener.apply(this.socket.ws, args);
        if (result instanceof Promise) result.catch((error: unknown) => this.#fail(error));
      } catch (error) {
        this.#fail(error);
      }
    };
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#end(error instanceof Error ? error : new Error(String(error)));
  }

  #end(error: Error | undefined): void {
    // Baileys 7 gives a promise.
    Promise.resolve(this.socket.end(error) as unknown).catch((thrown: unknown) =>
      this.#warn("ending a socket failed", thrown),
    );
  }

  #warn(text: string, error: unknown): void {
    const { logger, sessionId } = this.#options;
    logger.warn({ sessionId, error: messageOf(error) }, text);
  }

  #listen(): void {
    const { hooks } = this.#options;
    this.#on("creds.update", () => this.#holdUntil(hooks.onCreds()));
    this.#on("connection.update", (update) => {
      if (update.isNewLogin === true) hooks.onLinked();
      if (typeof update.qr === "string") hooks.onQR(update.qr);
      if (update.connection === "open" && !this.#failed) hooks.onOpen();
      if (update.connection === "close") {
        this.#closeSeen = true;
        hooks.onClosed(closeSignalOf(update.lastDisconnect?.error));
      }
    });
    for (const name of WEBHOOK_EVENTS) {
      this.#on(name, (data) => {
        const shown = withoutKeys(name, data);
        if (this.#failed && (shown as { connection?: string } | undefined)?.connection === "open") return;
        if (shown !== undefined) hooks.onEvent(name, shown);
      });
    }
    this.#onWs("CB:success", () => hooks.onLogin());
    this.#onWs("CB:notification,type:companion_reg_refresh", () => hooks.onSecretRetired());
    for (const type of PASSKEY_NOTIFICATIONS)
      this.#onWs(`CB:notification,type:${type}`, () => hooks.onPasskey());
    this.#onWs("upgrade", (response) => (this.#wire = (response as IncomingMessage).socket));
  }

  /**
   * Nothing leaves the socket while credentials are on their way to the disk: whaileys confirms a link in the same turn
   * in which it changes them, and a crash in between would leave a device that WhatsApp knows and we don't. If they can't
   * be stored the confirmation is never sent; the session ends this socket.
   */
  #holdUntil(durable: Promise<void>): void {
    const wire = this.#wire;
    wire?.cork();
    durable.then(
      () => wire?.uncork(),
      () => {},
    );
  }

  #onWs(name: string, listener: (...args: unknown[]) => void): void {
    this.#ws.on(name, listener);
    this.#detach.push(() => this.#ws.off(name, listener));
  }

  #on<Name extends keyof BaileysEventMap>(name: Name, listener: (data: BaileysEventMap[Name]) => void): void {
    this.socket.ev.on(name, listener);
    this.#detach.push(() => this.socket.ev.off(name, listener));
  }

  async #close(): Promise<void> {
    await within(FLUSH_MS, this.#flush());
    if (!this.#closeSeen) {
      // Ours to tell: from here on the library is no longer listened to.
      this.#options.hooks.onEvent("connection.update", {
        connection: "close",
        lastDisconnect: { error: undefined, date: new Date() },
      });
    }
    for (const detach of this.#detach) detach();
    const webSocket = this.#webSocket;
    // An `error` after the end must not be an uncaught one.
    this.#ws.on("error", () => {});
    this.#end(undefined);
    if (webSocket.readyState === CLOSED) return;
    // After the end: whaileys takes away the listeners that were there before.
    const down = new Promise<void>((resolve) => webSocket.addListener("close", () => resolve()));
    await within(CLOSE_GRACE_MS, down);
    if (webSocket.readyState === CLOSED) return;
    webSocket.terminate();
    // The cut takes a turn of the event loop; the next socket is not made before.
    await within(CLOSE_GRACE_MS, down);
  }

  /** Messages that were decrypted and acknowledged while the library was buffering are lost unless flushed. */
  async #flush(): Promise<void> {
    try {
      await (this.socket.ev as { flush?: () => unknown }).flush?.();
    } catch (error) {
      this.#warn("flushing buffered events failed", error);
    }
  }
}

/** Settles with the promise, or after the time, whichever comes first. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
