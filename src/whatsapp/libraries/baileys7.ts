/** Baileys 7 as a {@link SocketFactory}, with its differences from whaileys. The caller loads the library; nothing of it is imported here. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { UserFacingSocketConfig } from "whaileys";
import {
  WEB_SOCKET_CLOSED,
  type LibraryOptions,
  type SocketFactory,
  type WebSocketLike,
  type WhatsAppSocket,
} from "../library.js";
import { hookHandled, notingHandled } from "./handled-messages.js";
import { takeHandshakeKey, withHandshakeKey } from "./handshake-keys.js";
import { withHistoryGate } from "./history-gate.js";
import { inOrder } from "./frame-order.js";
import { patchLibsignal } from "./libsignal-patches.js";
import type { Emitter } from "../pending-queries.js";
import { baileys7Caches } from "./caches.js";
import { hookBaileys7 } from "./decryptions.js";
import { keepNoMessages } from "./sent-messages.js";
import { isSignalRecord } from "./signal-records.js";
import { announceEncryption, sparingPatch, type MessagePatch } from "./spared-devices.js";

/** How long the peer may take to answer the library's WebSocket close; the `ws` library would wait for 30 s. */
const CLOSE_GRACE_MS = 500;

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** The part of `baileys` that the engine uses. */
export interface Baileys7 {
  readonly makeWASocket: (config: never) => unknown;
  readonly initAuthCreds: () => unknown;
  readonly proto: {
    readonly Message: { readonly AppStateSyncKeyData: { fromObject(plain: object): object } };
  };
}

/** The library's WebSocket client: an emitter around a WebSocket of `ws`. */
interface WebSocketClient extends Emitter {
  emit(event: "error", error: Error): boolean;
  readonly socket: WebSocketLike & { close(): void };
  close(): Promise<void>;
}

/**
 * Adapts Baileys 7 (7.0.0-rc13 or newer). `load` imports the library; it is called once, on the first connect.
 * @example
 * const manager = new SessionManager({ whatsapp: { socketFactory: baileys7(() => import("baileys")) } });
 */
export function baileys7(
  load: () => Promise<Baileys7>,
): (options?: LibraryOptions) => Promise<SocketFactory> {
  return async ({ patches } = { patches: true }) => {
    const release = patches ? patchLibsignal() : () => {};
    try {
      return factoryOf(await load());
    } finally {
      release();
    }
  };
}

function factoryOf(baileys: Baileys7): SocketFactory {
  const webSockets = new WeakMap<WhatsAppSocket, WebSocketLike>();
  return {
    name: "baileys 7",
    announcesSends: true,
    makeSocket: ({ logger, ...config }, onFrameError) => {
      const { patchMessageBeforeSending } = config as { readonly patchMessageBeforeSending?: MessagePatch };
      const parts = {
        ...withHistoryGate(config, (text) => logger?.error({}, text)),
        patchMessageBeforeSending: sparingPatch(patchMessageBeforeSending, () => socket),
      };
      const checked = logger && withRefusalCheck(logger, onFrameError);
      const socket: WhatsAppSocket = notingHandled(checked, false, (noting) =>
        withHandshakeKey(
          () =>
            baileys.makeWASocket({
              ...config,
              ...parts,
              ...(noting && { logger: noting }),
            } as never) as WhatsAppSocket,
        ),
      );
      const client = socket.ws as unknown as WebSocketClient;
      webSockets.set(socket, client.socket);
      handleFrameErrors(client, onFrameError);
      limitClose(client);
      reportRefusedUpgrade(client);
      flushOnClose(socket);
      keepNoMessages(socket);
      announceEncryption(socket);
      return socket;
    },
    takeHandshakeKey,
    // Read when the socket was created, because the library drops it on close.
    webSocketOf: (socket) => webSockets.get(socket) as WebSocketLike,
    onDecrypt: hookBaileys7,
    onHandled: hookHandled,
    makeCaches: baileys7Caches,
    initAuthCreds: () => baileys.initAuthCreds() as ReturnType<SocketFactory["initAuthCreds"]>,
    isSignalRecord,
    reviveAppStateSyncKey: (plain) => baileys.proto.Message.AppStateSyncKeyData.fromObject(plain),
  };
}

/** The library's log line after WhatsApp has refused to send traffic. */
const REFUSED_TRAFFIC = "failed to send initial passive iq";

/**
 * Reports an error when WhatsApp has refused to send traffic. The library still emits `open` then, and only its log shows the refusal:
 * without this, the session would receive nothing.
 */
function withRefusalCheck(logger: LibraryLogger, onError: (error: Error) => void): LibraryLogger {
  const checking = Object.create(logger) as LibraryLogger;
  checking.child = (() => checking) as unknown as LibraryLogger["child"];
  checking.warn = ((fields: { readonly err?: unknown }, text?: string) => {
    logger.warn(fields, text);
    if (text === REFUSED_TRAFFIC) onError(new Error("WhatsApp refused to send this connection its traffic"));
  }) as LibraryLogger["warn"];
  return checking;
}

/** Orders frames and reports their errors: the library ignores the decoder's promise, and later frames overtake compressed ones. */
function handleFrameErrors(client: Emitter, onFrameError: (error: Error) => void): void {
  const [decode] = client.rawListeners("message");
  if (decode === undefined) return;
  client.removeAllListeners("message");
  const guarded = inOrder(async (chunk: unknown) => void (await decode.call(client, chunk)), onFrameError);
  client.addListener("message", (chunk) => void guarded(chunk));
}

/** Bounds the wait for the peer's answer to a close. The library waits without a limit. */
function limitClose(client: WebSocketClient): void {
  const { socket } = client;
  const close = client.close.bind(client);
  client.close = async () => {
    const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
    try {
      // The library's close of a closed WebSocket never settles.
      if (socket.readyState !== WEB_SOCKET_CLOSED) await close();
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Reports an HTTP response to the upgrade as an error. The library listens for it, which disables the error of `ws`, and does nothing. */
function reportRefusedUpgrade(client: WebSocketClient): void {
  client.addListener("unexpected-response", (request, response) => {
    (request as ClientRequest).destroy();
    const { statusCode } = response as IncomingMessage;
    client.emit("error", new Error(`Unexpected server response: ${statusCode}`));
  });
}

/** Emits buffered events before the close, when the library discards them. */
function flushOnClose(socket: WhatsAppSocket): void {
  socket.ev.on("connection.update", ({ connection }) => {
    if (connection === "close") void socket.ev.flush();
  });
}
