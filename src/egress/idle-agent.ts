/** Connections that end when nothing moves on them. */
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** How often a connection is looked at within its time. */
const LOOKS = 4;

/**
 * Ends a connection after so many milliseconds without traffic, a quarter more at most; by default it is destroyed. `ws` lifts it for a
 * WebSocket, which has its own keep-alive, by taking away the time-out of the socket. A request, which has an `end` of its own, takes it away
 * while its reader takes time, and gives it back.
 *
 * That time-out of Node's takes twice as long while something waits to be sent, as it does when a server never answers a TLS handshake.
 */
export function endWhenIdle(socket: Socket, idleMs: number, end?: () => void): void {
  // Looks are counted: by the clock, one that comes a moment early would take another whole look.
  let [moved, quietLooks] = [bytesOf(socket), 0];
  const look = (): void => {
    const bytes = bytesOf(socket);
    const hasNoLimit = socket.timeout === 0;
    quietLooks = hasNoLimit || bytes !== moved ? 0 : quietLooks + 1;
    moved = bytes;
    if (hasNoLimit && end === undefined) clearInterval(timer);
    else if (quietLooks >= LOOKS) (end ?? destroyIdle(socket, idleMs))();
  };
  const timer = setInterval(look, Math.ceil(idleMs / LOOKS)).unref();
  socket.setTimeout(idleMs);
  socket.once("close", () => clearInterval(timer));
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}

function destroyIdle(socket: Socket, idleMs: number): () => void {
  return () => void socket.destroy(new Error(`Nothing was sent or received for ${idleMs} ms`));
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
