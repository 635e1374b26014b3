/** The port of an emulator: WebSocket upgrades for clients, and the admin calls if they are on. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { EmulatorContext } from "../context/emulator-context.js";
import type { FaultAction } from "../context/fault-actions.js";

/** Answers a plain HTTP request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** What a listener hands over. */
export interface ListenerOptions {
  readonly onRequest: RequestHandler;
  /** A client's WebSocket is open. */
  readonly onSocket: (socket: WebSocket, tcp: Socket) => void;
}

const CHAT_PATH = "/ws/chat";
/** Many clients that reconnect at once must not be refused by the kernel. */
const BACKLOG = 4096;

/** Listens on one port. */
export class Listener {
  readonly #context: EmulatorContext;
  readonly #onSocket: ListenerOptions["onSocket"];
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  /** Every TCP connection, also those without a WebSocket. */
  readonly #tcp = new Set<Socket>();
  #stopped: Promise<void> | undefined;

  constructor(context: EmulatorContext, { onRequest, onSocket }: ListenerOptions) {
    this.#context = context;
    this.#onSocket = onSocket;
    this.#server = createServer(onRequest);
    this.#server.on("connection", (socket: Socket) => {
      this.#tcp.add(socket);
      socket.once("close", () => this.#tcp.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Settles when the port is open; rejects when it is taken. */
  async listen(port: number, host: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** `<host>:<port>` as a URL has it. */
  get authority(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** `ws://<host>:<port>/ws/chat`. */
  get url(): string {
    return `ws://${this.authority}${CHAT_PATH}`;
  }

  /** Drops every TCP connection. Settles when the port is free; calling it again returns the same promise. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#tcp) socket.destroy();
      this.#webSockets.close();
    });
    return this.#stopped;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that resets while its upgrade is held back would otherwise end the process.
    socket.on("error", () => undefined);
    const action = this.#context.faults.take("upgrade")?.action;
    if (action === undefined) return this.#accept(request, socket, head);
    const clientPort = (socket as Socket).remotePort ?? 0;
    this.#context.events.emit("fault", { connectionId: 0, jid: undefined, clientPort, at: "upgrade" });
    if (typeof action !== "object" || !("delayMs" in action)) return refuseUpgrade(action, socket as Socket);
    const delay = setTimeout(() => this.#accept(request, socket, head), action.delayMs);
    socket.once("close", () => clearTimeout(delay));
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.url?.split("?")[0] !== CHAT_PATH) return answerStatus(socket, 404);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#onSocket(webSocket, socket as Socket),
    );
  }
}

/** With "silence" the request stays open, unanswered. */
function refuseUpgrade(action: FaultAction, socket: Socket): void {
  if (action === "reset") socket.resetAndDestroy();
  else if (action === "close" || action === "fin") socket.end();
  else if (typeof action === "object" && "httpStatus" in action) answerStatus(socket, action.httpStatus);
}

function answerStatus(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Emulated\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
