/**
 * Baileys 7 as a {@link SocketFactory}: all that differs from whaileys, as the engine sees it. The library is the caller's; nothing
 * of it is imported here.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { UserFacingSocketConfig, WAMessage } from "whaileys";
import type { SocketFactory, WebSocketLike, WhatsAppSocket } from "../library.js";
import { dispatcherOver } from "./agent-dispatcher.js";
import { inOrder } from "./frame-order.js";
import { cureLibsignal } from "./libsignal-patches.js";
import type { Emitter } from "../pending-queries.js";
import { baileys7Caches } from "./caches.js";

/** How long the peer may take to answer a close that the library asks for; the `ws` library would wait for 30 s. */
const CLOSE_GRACE_MS = 500;
/** `WebSocket.CLOSED`. */
const CLOSED = 3;

/** What a download would log holds media keys. */
const SILENT = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {}, trace: () => {} };

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** The part of `baileys` that is used. */
export interface Baileys7 {
  readonly makeWASocket: (config: never) => unknown;
  readonly initAuthCreds: () => unknown;
  readonly downloadMediaMessage: (...args: never[]) => Promise<unknown>;
  readonly proto: {
    readonly Message: { readonly AppStateSyncKeyData: { fromObject(plain: object): object } };
  };
}

/** Its WebSocket: an emitter around the one of the `ws` library. */
interface WebSocketClient extends Emitter {
  emit(event: "error", error: Error): boolean;
  readonly socket: WebSocketLike & { close(): void };
  close(): Promise<void>;
}

/**
 * Takes the function that imports Baileys (7.0.0-rc13 or newer): `baileys7(() => import("baileys"))`. It is called on the
 * first connect, once. Give the result to a manager as `whatsapp.socketFactory`.
 */
export function baileys7(load: () => Promise<Baileys7>): () => Promise<SocketFactory> {
  return async () => {
    const release = cureLibsignal();
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
    makeSocket: ({ agent, logger, ...config }, onFrameError) => {
      const options = agent === undefined ? {} : { dispatcher: dispatcherOver(agent) };
      const parts = { agent, options, ...(logger && { logger: hearingDeafness(logger, onFrameError) }) };
      const socket = baileys.makeWASocket({ ...config, ...parts } as never) as WhatsAppSocket;
      const client = socket.ws as unknown as WebSocketClient;
      webSockets.set(socket, client.socket);
      guardFrames(client, onFrameError);
      closeInTime(client);
      hearRefusals(client);
      flushAtEnd(socket);
      return socket;
    },
    // It is the library's client that is closed to begin with; the WebSocket in it is there from the start, and gone at the end.
    webSocketOf: (socket) => webSockets.get(socket) as WebSocketLike,
    makeCaches: baileys7Caches,
    initAuthCreds: () => baileys.initAuthCreds() as ReturnType<SocketFactory["initAuthCreds"]>,
    downloadMedia: async (message, { agent, socket }) => {
      const again = socket && {
        logger: SILENT,
        reuploadRequest: (stale: WAMessage) => socket.updateMediaMessage(stale),
      };
      const way = agent === undefined ? {} : { options: { dispatcher: dispatcherOver(agent) } };
      const args = [message, "buffer", way, again] as never[];
      return (await baileys.downloadMediaMessage(...args)) as Buffer;
    },
    reviveAppStateSyncKey: (plain) => baileys.proto.Message.AppStateSyncKeyData.fromObject(plain),
  };
}

/** What it logs when WhatsApp has refused its request for traffic. */
const DEAF = "failed to send initial passive iq";

/**
 * It reports itself open also when WhatsApp has refused to send it anything, and only its log tells: the session would be deaf.
 * Such a connection is ended.
 */
function hearingDeafness(logger: LibraryLogger, onError: (error: Error) => void): LibraryLogger {
  const hearing = Object.create(logger) as LibraryLogger;
  hearing.child = (() => hearing) as unknown as LibraryLogger["child"];
  hearing.warn = ((fields: { readonly err?: unknown }, text?: string) => {
    logger.warn(fields, text);
    if (text === DEAF) onError(new Error("WhatsApp refused to send this connection its traffic"));
  }) as LibraryLogger["warn"];
  return hearing;
}

/** It leaves the promise of its frame decoder to nobody, and a compressed frame is overtaken by those behind it. */
function guardFrames(client: Emitter, onFrameError: (error: Error) => void): void {
  const [decode] = client.rawListeners("message");
  if (decode === undefined) return;
  client.removeAllListeners("message");
  const guarded = inOrder(async (chunk: unknown) => void (await decode.call(client, chunk)), onFrameError);
  client.addListener("message", (chunk) => void guarded(chunk));
}

/** It says that a connection is closed when the peer has agreed; a peer that is gone never does. */
function closeInTime(client: WebSocketClient): void {
  const { socket } = client;
  const close = client.close.bind(client);
  client.close = async () => {
    const late = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
    try {
      // On one that is closed already it would wait for ever.
      if (socket.readyState !== CLOSED) await close();
    } finally {
      clearTimeout(late);
    }
  };
}

/** It listens for an upgrade that is refused, and does nothing then: the `ws` library leaves the rest to it. */
function hearRefusals(client: WebSocketClient): void {
  client.addListener("unexpected-response", (request, response) => {
    (request as ClientRequest).destroy();
    const { statusCode } = response as IncomingMessage;
    client.emit("error", new Error(`Unexpected server response: ${statusCode}`));
  });
}

/** What it holds back is thrown away at the end: it is handed out before. */
function flushAtEnd(socket: WhatsAppSocket): void {
  socket.ev.on("connection.update", ({ connection }) => {
    if (connection === "close") void socket.ev.flush();
  });
}
