/** `zpwoot serve`: the HTTP contract over one manager, until a signal stops it. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { messageOf } from "../errors.js";
import { createHttpHandler } from "../http/index.js";
import { createMetrics } from "../metrics/index.js";
import type { SessionManagerOptions } from "../manager/options.js";
import { SessionManager } from "../manager/session-manager.js";
import { guardUnhandledRejections } from "../whatsapp/rejection-guard.js";
import { readPassphrase } from "./passphrase.js";
import type { ServeSettings } from "./settings.js";
import { drawQRCode } from "../api/qr-image.js";

/** Between two attempts to reach a store that is down at the start. */
const START_RETRY_MS = 2_000;
/** How long requests under way may take when the server stops. */
const DRAIN_MS = 300;

/** What a server needs of the process around it. */
export interface ServeContext {
  /** Writes a line for the person at the terminal. */
  readonly print: (line: string) => void;
  /** Aborted by SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/** Serves until the signal; settles when everything is closed. Rejects when the port is taken. */
export async function serve(settings: ServeSettings, { print, signal }: ServeContext): Promise<void> {
  const logger = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: true }));
  const apiKey = settings.apiKey ?? randomBytes(24).toString("base64url");
  const manager = new SessionManager({
    store: settings.store,
    encryptionKeys: settings.encryptionKeys,
    ...(await snapshotsOf(settings)),
    logger,
    whatsapp: settings.waUrl === undefined ? {} : { url: settings.waUrl },
    webhooks: { allowPrivateTargets: settings.allowPrivateTargets },
  });
  const removeGuard = guardUnhandledRejections((sessionId, reason) =>
    logger.error({ sessionId, error: messageOf(reason) }, "a promise inside a session's socket was rejected"),
  );
  try {
    showEvents(manager, print);
    const server = createServer((request, response) => void handler.node(request, response));
    const handler = createHttpHandler(manager, {
      apiKeys: apiKey,
      logger,
      logRequests: true,
      rateLimit: {},
      system: true,
      metrics: createMetrics(manager),
    });
    const url = await listen(server, settings);
    print(`zpwoot listens on ${url}`);
    print(`for people: ${url}/sessions/overview and ${url}/docs`);
    if (settings.apiKey === undefined) print(`API key, generated for this run and shown once: ${apiKey}`);
    const restoring = restore(manager, logger, signal);
    if (!signal.aborted) await once(signal, "abort");
    print("stopping: sessions keep their credentials");
    await Promise.all([close(server), manager.stop(), restoring]);
  } finally {
    removeGuard();
    await manager.stop();
  }
}

async function snapshotsOf(settings: ServeSettings): Promise<Pick<SessionManagerOptions, "snapshots">> {
  const { backupDir: directory } = settings;
  if (directory === undefined) return {};
  return { snapshots: { directory, passphrase: await readPassphrase(settings, process.env) } };
}

/** Shows QR codes and changes of status at the terminal; the log has the same for machines. */
function showEvents(manager: SessionManager, print: (line: string) => void): void {
  manager.on("session.qr", async ({ sessionId, value, seq }) => {
    print(
      `session ${sessionId}: scan QR code ${seq} (WhatsApp, Linked devices)\n${await drawQRCode(value, "terminal")}`,
    );
  });
  manager.on("session.status", ({ sessionId, to, detail }) => {
    print(
      `session ${sessionId}: ${to} (${detail.state}${detail.reason === undefined ? "" : `, ${detail.reason}`})`,
    );
  });
  manager.on("session.action-required", ({ sessionId, message }) =>
    print(`session ${sessionId}: ${message}`),
  );
}

async function listen(server: Server, { port, host }: ServeSettings): Promise<string> {
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

/** Restores the sessions. While the store is down, it retries, and every call is answered 500. */
async function restore(manager: SessionManager, logger: pino.Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await manager.start();
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ error: messageOf(error) }, "the store can't be reached; trying again");
      await sleep(START_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(cut);
}
