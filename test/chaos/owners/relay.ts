/** A way to the emulator for one process, so that the service's connections can be told by process. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Carries the connections of one process. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `onPort` is called with the port of each connection as the target sees it, before anything is sent. */
  static async start(target: number, onPort: (port: number) => void): Promise<Relay> {
    const relay = new Relay(createServer());
    relay.#server.on("connection", (client) => relay.#accept(client, target, onPort));
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket, target: number, onPort: (port: number) => void): void {
    const upstream = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    upstream.once("connect", () => {
      onPort(upstream.localPort ?? 0);
      client.pipe(upstream).pipe(client);
    });
  }
}
