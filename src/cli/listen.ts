/** The server of `zpwoot serve`: how it comes to its port, and how it leaves it. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { messageOf, ZpwootError } from "../errors.js";

/** Pause before another try to listen on a port that another process uses. */
const LISTEN_RETRY_MS = 200;
/** How long requests in progress may take when the server stops. */
const DRAIN_MS = 300;

/** Where a server listens. */
export interface Place {
  readonly port: number;
  readonly host: string;
  /** Whether a port that another process uses is waited for. */
  readonly wait: boolean;
}

/**
 * Settles with the URL; undefined when the signal came first. With `wait`, a port that another process uses is waited for:
 * the server that this one replaces leaves it first.
 */
export async function listen(
  server: Server,
  { port, host, wait }: Place,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<string | undefined> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    server.listen(port, host);
    try {
      await once(server, "listening");
      break;
    } catch (cause) {
      if (!wait || (cause as { readonly code?: unknown }).code !== "EADDRINUSE")
        throw notListening(host, port, cause);
      if (tries === 0) logger.info({ host, port }, "Waiting for the process that uses the port to leave");
      await sleep(LISTEN_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  if (signal.aborted) return undefined;
  const address = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

function notListening(host: string, port: number, cause: unknown): ZpwootError {
  const sentence = `--port (PORT), --host (HOST): can't listen on ${host}, port ${port}: ${messageOf(cause)}`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence], cause });
}

/** Stops listening; settles when every connection is closed. */
export async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
