/**
 * A session's socket: guards the library's listeners, reports what happens, flushes and closes it. A session makes a new one for each
 * connection attempt; nothing from an old socket reaches the session after its `close()`.
 */
import type { IncomingMessage } from "node:http";
import type { BaileysEventMap } from "whaileys";
import type { NamedWhatsAppEvent } from "../api/events.js";
import { WEBHOOK_EVENTS } from "../api/webhook-events.js";
import { waitFor } from "../async/deadline.js";
import { once } from "../async/once.js";
import { messageOf } from "../errors.js";
import { closeSignalOf } from "./close-signal.js";
import { EventFilter } from "./event-filter.js";
import { EventTap, isOpened, isTapped } from "./event-tap.js";
import { fanOutMessages } from "./fan-out.js";
import type { WebSocketLike, WhatsAppSocket } from "./library.js";
import { WEB_SOCKET_CLOSED } from "./library.js";
import { guardListeners } from "./guarded-listeners.js";
import { Inbound } from "./inbound.js";
import { keptMessages, noteChanges } from "./kept-messages.js";
import { Listeners, type AddListener } from "./listeners.js";
import { settleQueriesOnEnd, type Emitter } from "./pending-queries.js";
import { watchMessageAcks } from "./message-ack.js";
import { runInSession } from "./rejection-guard.js";
import { settleWhenSent } from "./settle-when-sent.js";
import { checkSocket } from "./signatures/socket-checks.js";
import { watchSilence, type SilenceWatch } from "./silence-watch.js";
import type { SessionSocketOptions } from "./socket-options.js";
import { queryUnlink } from "./unlink-query.js";
import { WireGate } from "./wire-gate.js";

/** Deadline for emitting buffered events when a socket closes. */
const FLUSH_MS = 1_000;
/** Deadline for sending what waits for the store when a socket closes. */
const DRAIN_MS = 1_000;
/** The interval of the libraries' keep-alive, unless it is set. They wait five seconds longer for an answer. */
const KEEP_ALIVE_MS = 30_000;
/** How long the peer may take to answer the WebSocket close before the connection is terminated. */
const CLOSE_GRACE_MS = 500;
/** The account requires a passkey (docs/protocol.md#changes-in-2026). */
const PASSKEY_NOTIFICATIONS = ["passkey_prologue_request", "crsc_continuation"] as const;

/** A live socket of a session. */
export class SessionSocket {
  /** The library's socket, for what the engine does not wrap. */
  readonly socket: WhatsAppSocket;
  readonly #options: SessionSocketOptions;
  readonly #filter: EventFilter;
  readonly #listeners = new Listeners();
  readonly #webSocket: WebSocketLike;
  readonly gate: WireGate;
  readonly #inbound: Inbound;
  readonly #tap: EventTap;
  #silence: SilenceWatch | undefined;
  #closedByItself = false;
  #streamError: unknown;
  /** An error ended it: an `open` that still arrives is ignored. */
  #failed = false;

  /** Creates the socket, which connects at once. Throws what the library throws for invalid options. */
  constructor(options: SessionSocketOptions) {
    this.#options = options;
    const { library, auth, config, sessionId, authorship } = options;
    const getMessage = keptMessages(auth, config.getMessage);
    const own = { getMessage, auth: { creds: auth.creds, keys: auth.keys } };
    this.socket = runInSession(sessionId, () =>
      library.makeSocket(Object.assign({}, config, own), (error) => this.#fail(error)),
    );
    this.#webSocket = library.webSocketOf(this.socket);
    // The library's transactions around the key store lose writes (docs/protocol.md#library-quirks, 6), so our methods are put back.
    Object.assign(this.socket.authState.keys, auth.keys);
    this.#check();
    const warn = (text: string, fields: object): void => options.logger.warn({ sessionId, ...fields }, text);
    fanOutMessages(this.socket, { sent: auth.sent, onBadSignature: options.hooks.onBadSignature, warn });
    guardListeners(this.#ws, (error) => this.#fail(error));
    this.gate = new WireGate({
      maxAgeMs: config.keepAliveIntervalMs ?? KEEP_ALIVE_MS,
      onFailed: (error) => this.#fail(error),
    });
    settleWhenSent(this.socket, this.gate);
    this.#inbound = this.#follow(warn);
    this.#tap = new EventTap({
      socket: this.socket,
      gate: this.gate,
      received: this.#inbound.received,
      keys: auth.received,
      waits: (key) => this.#filter.waits(key),
      onEmitted: (name) => this.#inbound.watch.emitted(name),
      pass: (event) => this.#filter.pass(event),
      publish: (event, along) => {
        const noted = noteChanges(auth, event);
        if (noted !== undefined) this.gate.hold(noted);
        return options.hooks.onEvent(event, along);
      },
    });
    const { forget: onJudged } = this.#tap;
    this.#filter = new EventFilter({ socket: this.socket, warn, onJudged, ...authorship });
    this.#tap.cover();
    // Before the library's own listener, which ends the socket.
    this.#ws.prependListener("CB:stream:error", (node) => (this.#streamError = node));
    settleQueriesOnEnd(this.#ws);
    this.#listen();
  }

  /** Emits what is still buffered, then closes the socket without unlinking. Settles when the connection is gone. Idempotent. */
  readonly close = once(() => this.#close(), { again: "never" });

  /**
   * Drops the connection now: what can't be stored must not be answered. The library acknowledges a message also when its keys could not be
   * read or written, and asks for it again with keys that are nowhere stored. {@link close} emits what was acknowledged before.
   */
  cut(): void {
    this.#filter.dropUnreadable();
    this.#webSocket.terminate();
  }

  /** Asks WhatsApp to unlink this device. Returns whether WhatsApp confirmed it within `timeoutMs`. Never rejects. */
  async unlink(timeoutMs: number): Promise<boolean> {
    const jid = this.#options.auth.creds.me?.id;
    if (jid === undefined) return false;
    try {
      await queryUnlink(this.socket, jid, timeoutMs);
      return true;
    } catch (error) {
      this.#warn("WhatsApp did not confirm the unlink", error);
      return false;
    }
  }

  get #ws(): Emitter {
    return this.socket.ws as unknown as Emitter;
  }

  #check(): void {
    const { library, auth, checks, hooks, logger, sessionId } = this.#options;
    checkSocket(this.#ws, {
      checks,
      identity: auth.creds.signedIdentityKey.public,
      handshakeKey: library.takeHandshakeKey?.(this.socket),
      onBadSignature: (failed) => hooks.onBadSignature(failed),
      onUnchecked: (reason) =>
        logger.debug({ sessionId, reason }, "the server's certificates are not checked"),
    });
  }

  #follow(warn: (text: string, fields: object) => void): Inbound {
    const { library, auth, hooks, deafTimeoutMs } = this.#options;
    return new Inbound({
      socket: this.socket,
      library,
      keys: auth.received,
      gate: this.gate,
      deafTimeoutMs,
      onStanza: () => hooks.onStanza(),
      onNoEvent: () => warn("a message was decrypted, and the library made no event of it", {}),
      onDeaf: (found, handedOut) => hooks.onDeaf({ ...found, handedOut }),
    });
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#end(error instanceof Error ? error : new Error(String(error)));
  }

  #end(error: Error | undefined): void {
    // Returns a promise in Baileys 7.
    Promise.resolve(this.socket.end(error) as unknown).catch((thrown: unknown) =>
      this.#warn("could not end a socket", thrown),
    );
  }

  #warn(text: string, error: unknown): void {
    const { logger, sessionId } = this.#options;
    logger.warn({ sessionId, error: messageOf(error) }, text);
  }

  #listen(): void {
    const { hooks, config } = this.#options;
    const on = <Name extends keyof BaileysEventMap>(
      name: Name,
      listener: (data: BaileysEventMap[Name]) => void,
    ): void => this.#listeners.add(this.socket.ev, name, listener);
    const onWs: AddListener = (name, listener) => this.#listeners.add(this.#ws, name, listener);
    // whaileys confirms a link in the same tick in which it changes the credentials.
    on("creds.update", () => this.gate.hold(hooks.onCreds()));
    on("connection.update", (update) => {
      if (update.isNewLogin === true) hooks.onLinked();
      if (typeof update.qr === "string") hooks.onQR(update.qr);
      if (update.connection === "open" && !this.#failed) {
        hooks.onOpen();
        this.#tap.emitUnjudged();
      }
      if (update.connection === "close") {
        this.#closedByItself = true;
        hooks.onClosed(closeSignalOf(update.lastDisconnect?.error, this.#streamError));
      }
    });
    for (const name of WEBHOOK_EVENTS) {
      if (isTapped(name)) continue;
      on(name, (data) => {
        const event = { name, data } as NamedWhatsAppEvent;
        this.#inbound.watch.handedOut(name);
        if (!this.#failed || !isOpened(event)) this.#tap.take(event);
      });
    }
    onWs("CB:success", () => hooks.onLogin());
    this.#silence = watchSilence(onWs, config.keepAliveIntervalMs, (error) => this.#end(error));
    watchMessageAcks(onWs, (ack) => hooks.onMessageAck(ack));
    onWs("CB:notification,type:companion_reg_refresh", () => hooks.onSecretRetired());
    for (const type of PASSKEY_NOTIFICATIONS) onWs(`CB:notification,type:${type}`, () => hooks.onPasskey());
    onWs("upgrade", ({ socket }: IncomingMessage) => this.gate.attach(socket));
  }

  async #close(): Promise<void> {
    await waitFor(this.#flush(), { timeoutMs: FLUSH_MS });
    this.#inbound.received?.pause();
    // What is acknowledged too late is delivered again, to a ratchet that has moved on.
    await waitFor(this.gate.drained(), { timeoutMs: DRAIN_MS });
    if (!this.#closedByItself) {
      // The library's own close event comes too late.
      const data = { connection: "close", lastDisconnect: { error: undefined, date: new Date() } } as const;
      this.#options.hooks.onEvent({ name: "connection.update", data })?.catch(() => {});
    }
    this.#tap.close();
    this.#inbound.close();
    this.#silence?.stop();
    this.#listeners.remove();
    // Without a listener, an `error` after the end would be an uncaught exception.
    this.#ws.on("error", () => {});
    this.#end(undefined);
    const webSocket = this.#webSocket;
    if (webSocket.readyState === WEB_SOCKET_CLOSED) return;
    // Added after the end, because whaileys removes all earlier listeners.
    const closed = new Promise<void>((resolve) => webSocket.addListener("close", () => resolve()));
    await waitFor(closed, { timeoutMs: CLOSE_GRACE_MS });
    if (webSocket.readyState !== WEB_SOCKET_CLOSED) webSocket.terminate();
    // Termination takes a turn of the event loop; the next socket must not be created before.
    await waitFor(closed, { timeoutMs: CLOSE_GRACE_MS });
  }

  /** What the library still buffers is lost unless it is flushed. */
  async #flush(): Promise<void> {
    try {
      await this.#filter.settle();
      await (this.socket.ev as { flush?: () => unknown }).flush?.();
    } catch (error) {
      this.#warn("could not flush buffered events", error);
    }
  }
}
