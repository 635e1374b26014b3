/** A door in front of a server that works: it lets everything through, or does something else with what is connected, and with what comes. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { answers, flood, silent, type Behaviour } from "../../egress/hostile.js";

/** What a door does with connections: with those that come, and with those that are there. */
interface Closed {
  readonly fresh: Behaviour;
  readonly live: Behaviour;
}

const OK = "HTTP/1.1 200 OK\r\n";
const destroy: Behaviour = (socket) => void socket.destroy();
const say =
  (text: string): Behaviour =>
  (socket) =>
    void socket.write(text);
const onRequest =
  (act: Behaviour): Behaviour =>
  (socket) =>
    void socket.once("data", () => act(socket));
/** For a connection that is there: at once. */
const pour: Behaviour = (socket) => {
  const fill = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536, "a")));
    if (!socket.destroyed) socket.once("drain", fill);
  };
  fill();
};

/** The ways in which a door is closed. */
const CLOSED = {
  silent: { fresh: silent, live: silent },
  garbage: { fresh: answers("no HTTP at all\r\n\r\n"), live: say("no frame at all".repeat(20)) },
  flood: { fresh: flood(`${OK}X: `), live: pour },
  endless: { fresh: flood(`${OK}\r\n`), live: pour },
  stall: { fresh: answers(`${OK}Content-Length: 99999\r\n\r\nabc`), live: silent },
  cut: { fresh: onRequest(destroy), live: destroy },
  "cut answer": {
    fresh: onRequest((socket) => void socket.end(`${OK}Content-Length: 99999\r\n\r\nabc`)),
    live: destroy,
  },
  slow: {
    fresh: onRequest((socket) => {
      const timer = setTimeout(() => socket.end("HTTP/1.1 204 No Content\r\n\r\n"), 1_500);
      socket.once("close", () => clearTimeout(timer));
    }),
    live: silent,
  },
  refused: { fresh: destroy, live: destroy },
} satisfies Record<string, Closed>;

export type HowClosed = keyof typeof CLOSED;

/** A door on a free port. */
export class Gate implements AsyncDisposable {
  readonly #sockets = new Map<Socket, Socket | undefined>();
  readonly #server: Server;
  readonly #target: number;
  #closed: HowClosed | undefined;
  #port = 0;

  private constructor(target: number, tls: { readonly key: Buffer; readonly cert: Buffer } | undefined) {
    this.#target = target;
    this.#server = tls
      ? createTlsServer(tls, (socket) => this.#take(socket))
      : createServer((socket) => this.#take(socket));
    this.#server.on("tlsClientError", () => {});
  }

  /** In front of a local port; over TLS with a key and a certificate. */
  static async start(target: number, tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<Gate> {
    const gate = new Gate(target, tls);
    await gate.#listen();
    return gate;
  }

  get port(): number {
    return this.#port;
  }

  /** From now on, also for those that are connected. */
  async close(how: HowClosed): Promise<void> {
    this.#closed = how;
    for (const [socket, target] of this.#sockets) {
      target?.unpipe(socket);
      target?.destroy();
      socket.unpipe();
      if (!socket.destroyed) CLOSED[how].live(socket);
    }
    if (how !== "refused") return;
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Lets everything through. What was connected to a closed door is gone. */
  async open(): Promise<void> {
    const how = this.#closed;
    this.#closed = undefined;
    for (const socket of this.#sockets.keys()) if (how !== undefined) socket.destroy();
    if (!this.#server.listening) await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #take(socket: Socket): void {
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#closed !== undefined) {
      this.#sockets.set(socket, undefined);
      return CLOSED[this.#closed].fresh(socket);
    }
    const target = connect(this.#target, "127.0.0.1");
    this.#sockets.set(socket, target);
    target.on("error", () => socket.destroy());
    // When the door is closed the connection outlives the target.
    target.once("close", () => this.#closed ?? socket.destroy());
    socket.once("close", () => target.destroy());
    socket.pipe(target);
    target.pipe(socket);
  }
}
