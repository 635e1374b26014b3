/**
 * A TCP proxy before a real server: it passes, refuses, cuts, goes silent, holds back, or answers with a text of its own. Like a
 * network it loses no byte in the middle of a connection: what was sent in a silence arrives after it, also when the sender has
 * hung up in the meantime.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** What happens to connections and what comes over them. */
export type ProxyMode = "pass" | "refuse" | "silent" | { readonly reply: string };

/** One direction of a connection. */
class Pipe {
  readonly from: Socket;
  readonly to: Socket;
  readonly #waiting: Buffer[] = [];
  /** Whether chunks wait, whatever the mode of the proxy. */
  isHeld = false;
  #ended = false;

  constructor(from: Socket, to: Socket) {
    this.from = from;
    this.to = to;
  }

  hold(chunk: Buffer): void {
    this.#waiting.push(chunk);
  }

  pass(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.flush();
  }

  /** The sender has hung up: so does the receiver once it has everything. */
  end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0 && !this.isHeld) this.to.destroy();
  }

  flush(): void {
    for (const chunk of this.#waiting.splice(0)) this.to.write(chunk);
    if (this.#ended) this.to.end();
  }
}

/** A proxy on a free port of the loopback. */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #pipes = new Set<Pipe>();
  #mode: ProxyMode = "pass";
  #holdNext: (() => void) | undefined;
  readonly #onPort: (port: number) => void;

  private constructor(server: Server, onPort: (port: number) => void) {
    this.#server = server;
    this.#onPort = onPort;
  }

  /** `onPort` is called with the port of each connection as the target sees it, before anything is sent. */
  static async start(
    target: { readonly host: string; readonly port: number },
    onPort: (port: number) => void = () => {},
  ): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, onPort);
    server.on("connection", (socket) => proxy.#accept(socket, target));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of connections through it. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Connections that clients hold; the server may have to be told yet that one has ended. */
  get clients(): number {
    return this.#clients.size;
  }

  set mode(mode: ProxyMode) {
    this.#mode = mode;
    if (mode === "refuse") this.cut();
    if (mode === "pass") for (const pipe of this.#pipes) if (!pipe.isHeld) pipe.flush();
  }

  /** Holds back what the next client to send something sends from now on. Settles when there is something held. */
  holdNext(): Promise<void> {
    return new Promise((resolve) => (this.#holdNext = resolve));
  }

  /** Delivers what was held. Settles when the server has answered it. */
  async deliver(): Promise<void> {
    const held = [...this.#pipes].filter(({ isHeld }) => isHeld);
    await Promise.all(
      held.map(async (pipe) => {
        const answered = once(pipe.to, "data");
        pipe.isHeld = false;
        pipe.flush();
        await answered;
      }),
    );
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket, target: { readonly host: string; readonly port: number }): void {
    if (this.#mode === "refuse") {
      client.destroy();
      return;
    }
    const server = connect(target);
    server.once("connect", () => this.#onPort(server.localPort ?? 0));
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    for (const pipe of [new Pipe(client, server), new Pipe(server, client)]) {
      this.#sockets.add(pipe.from);
      this.#pipes.add(pipe);
      pipe.from.on("error", () => {});
      pipe.from.on("close", () => {
        this.#sockets.delete(pipe.from);
        pipe.end();
      });
      pipe.to.on("close", () => this.#pipes.delete(pipe));
      pipe.from.on("data", (chunk) => this.#carry(chunk, pipe, client));
    }
  }

  #carry(chunk: Buffer, pipe: Pipe, client: Socket): void {
    if (pipe.from === client && this.#holdNext !== undefined) {
      pipe.isHeld = true;
      this.#holdNext();
      this.#holdNext = undefined;
    }
    if (pipe.isHeld || this.#mode === "silent") pipe.hold(chunk);
    else if (this.#mode === "pass") pipe.pass(chunk);
    else if (typeof this.#mode === "object" && pipe.from === client) client.write(this.#mode.reply);
  }
}

/** The same URL by way of the proxy. */
export function through(proxy: FaultProxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = "127.0.0.1";
  changed.port = String(proxy.port);
  return changed.href;
}

/** Where the server of a URL is, with the port that it has when the URL names none. */
export function addressOf(url: string, port: number): { host: string; port: number } {
  const parsed = new URL(url);
  return { host: parsed.hostname, port: Number(parsed.port || port) };
}
