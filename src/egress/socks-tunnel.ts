/** The way through a SOCKS proxy: RFC 1928, RFC 1929 and SOCKS 4a. The proxy resolves the target's name: no look-up goes past it. */
import { connect, type LookupFunction, type Socket } from "node:net";
import type { ProxyConfig } from "../api/session-info.js";
import { ProxyRefusedError } from "./proxy-refused.js";

/** How a tunnel is opened; see `TunnelOptions`. */
export interface SocksOptions {
  readonly signal: AbortSignal;
  readonly lookup?: LookupFunction | undefined;
  readonly onSocket: (socket: Socket) => void;
}

/** A connection to the target. Rejects with {@link ProxyRefusedError} or the error of the connection; the socket is destroyed then. */
export async function tunnelBySocks(
  proxy: ProxyConfig,
  target: { readonly host: string; readonly port: number },
  { signal, lookup, onSocket }: SocksOptions,
): Promise<Socket> {
  const { host, port } = proxy;
  const socket = connect({ host, port, ...(lookup === undefined ? {} : { lookup }) });
  onSocket(socket);
  const abort = (): void => void socket.destroy(new Error("The dialling was given up"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await connected(socket);
    await negotiate(socket, proxy, target);
    return socket;
  } catch (error) {
    socket.destroy();
    throw refusalOf(error) ?? error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: a socket without a listener for its error ends the process.
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("The proxy closed the connection")));
    socket.once("connect", resolve);
  });
}

async function negotiate(
  socket: Socket,
  { host, port, protocol, username, password = "" }: ProxyConfig,
  destination: { readonly host: string; readonly port: number },
): Promise<void> {
  // Loaded with the first tunnel: most programs have no such proxy.
  const { SocksClient } = await import("socks");
  const restore = containListeners(socket);
  try {
    await SocksClient.createConnection({
      command: "connect",
      proxy: {
        ...{ host, port, type: protocol === "socks4" ? 4 : 5 },
        ...(username === undefined ? {} : { userId: username, password }),
      },
      destination,
      existing_socket: socket,
    });
  } finally {
    restore();
  }
}

/** What a listener of the socket throws ends this socket, not the process: the package parses in its listeners. */
function containListeners(socket: Socket): () => void {
  const emit = socket.emit.bind(socket);
  const contained = (...args: Parameters<typeof emit>): boolean => {
    try {
      return emit(...args);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  };
  Object.assign(socket, { emit: contained });
  return () => Reflect.deleteProperty(socket, "emit");
}

/** The package has texts only. */
function refusalOf(error: unknown): ProxyRefusedError | undefined {
  const text = error instanceof Error ? error.message : "";
  if (/authentication/i.test(text)) return new ProxyRefusedError(407);
  if (/rejected connection|Socks5 proxy rejected|Socks4/i.test(text)) return new ProxyRefusedError(502);
  return undefined;
}
