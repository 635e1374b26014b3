/** A TCP proxy before a real server: it passes, refuses, cuts, goes silent, holds back, or answers with a text of its own. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** What happens to connections and what comes over them. */
export type ProxyMode = "pass" | "refuse" | "silent" | { readonly reply: string };

/** What a client sent and the server has not got yet. */
interface Held {
  readonly server: Socket;
  readonly chunks: Buffer[];
}

/** A proxy on a free port of the loopback. */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By the client's side of the connection. */
  readonly #held = new Map<Socket, Held>();
  #mode: ProxyMode = "pass";
  #holdNext: (() => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server);
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

  set mode(mode: ProxyMode) {
    this.#mode = mode;
    if (mode === "refuse") this.cut();
  }

  /**
   * Holds back what the next client to send something sends from now on, also when it hangs up. Settles when there is something held.
   */
  holdNext(): Promise<void> {
    return new Promise((resolve) => (this.#holdNext = resolve));
  }

  /** Delivers what was held. Settles when the server has answered it. */
  async deliver(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(
      all.map(async ({ server, chunks }) => {
        const answered = once(server, "data");
        for (const chunk of chunks) server.write(chunk);
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
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!this.#held.has(from)) to.destroy();
      });
      from.on("data", (chunk) => this.#pass(chunk, { from, to, client }));
    }
  }

  #pass(chunk: Buffer, { from, to, client }: { from: Socket; to: Socket; client: Socket }): void {
    const held = from === client ? this.#heldOf(client, to) : undefined;
    if (held !== undefined) held.chunks.push(chunk);
    else if (this.#mode === "pass") to.write(chunk);
    else if (typeof this.#mode === "object" && from === client) client.write(this.#mode.reply);
  }

  #heldOf(client: Socket, server: Socket): Held | undefined {
    if (this.#holdNext !== undefined) {
      this.#held.set(client, { server, chunks: [] });
      this.#holdNext();
      this.#holdNext = undefined;
    }
    return this.#held.get(client);
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
