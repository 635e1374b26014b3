/** A TCP proxy before a real server: it passes, refuses, cuts, goes silent, or answers with a text of its own. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** What happens to connections and what comes over them. */
export type ProxyMode = "pass" | "refuse" | "silent" | { readonly reply: string };

/** A proxy on a free port of the loopback. */
export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mode: ProxyMode = "pass";

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
        to.destroy();
      });
      from.on("data", (chunk) => this.#pass(chunk, { from, to, client }));
    }
  }

  #pass(chunk: Buffer, { from, to, client }: { from: Socket; to: Socket; client: Socket }): void {
    if (this.#mode === "pass") to.write(chunk);
    else if (typeof this.#mode === "object" && from === client) client.write(this.#mode.reply);
  }
}
