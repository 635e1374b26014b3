/** Servers that misbehave, on free ports, and a count of the connections that they hold. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a server does with a connection. */
export type Behaviour = (socket: Socket) => void;

const FLOOD = Buffer.alloc(64 * 1024, "a");

/** Writes the head after the first bytes of the other side, then `chunk` for ever. */
export function flood(head: string | Buffer, chunk: string | Buffer = FLOOD): Behaviour {
  return (socket) => {
    socket.once("data", () => {
      socket.write(head);
      const fill = (): void => {
        while (!socket.destroyed && socket.write(chunk));
        if (!socket.destroyed) socket.once("drain", fill);
      };
      fill();
    });
  };
}

/** Writes the texts, one for each piece of data that arrives. */
export function answers(...texts: (string | Buffer)[]): Behaviour {
  return (socket) => {
    const left = [...texts];
    socket.on("data", () => {
      const text = left.shift();
      if (text !== undefined) socket.write(text);
    });
  };
}

/** Says nothing. */
export const silent: Behaviour = (socket) => void socket.resume();

/** A server with one behaviour. */
export class HostileServer implements AsyncDisposable {
  /** Everything that was sent to it. */
  received = "";
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(behaviour: Behaviour) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", (chunk) => (this.received += chunk.toString("latin1")));
      socket.once("close", () => this.#sockets.delete(socket));
      behaviour(socket);
    });
  }

  static async start(behaviour: Behaviour): Promise<HostileServer> {
    const server = new HostileServer(behaviour);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
