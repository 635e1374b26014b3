/** Connections that end when nothing moves on them. */
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Destroys a socket after so many milliseconds without traffic. `ws` lifts it for a WebSocket, which has its own keep-alive. */
export function endWhenIdle(socket: Socket, idleMs: number): void {
  socket.setTimeout(idleMs, () => socket.destroy(new Error(`Nothing was sent or received for ${idleMs} ms`)));
}

/** A direct HTTPS agent for uploads, which the libraries send without a time-out. Keeps no connection alive. */
export class IdleAgent extends HttpsAgent {
  readonly #idleMs: number;

  constructor(idleMs: number) {
    super({ keepAlive: false });
    this.#idleMs = idleMs;
  }

  override createConnection(
    ...args: Parameters<HttpsAgent["createConnection"]>
  ): ReturnType<HttpsAgent["createConnection"]> {
    const socket = super.createConnection(...args) as Duplex;
    endWhenIdle(socket as Socket, this.#idleMs);
    return socket;
  }
}
