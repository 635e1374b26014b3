/** `zpwoot serve`: serves the HTTP API of one SessionManager until SIGTERM or SIGINT. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { createHttpHandler } from "../http/index.js";
import { createMetrics } from "../metrics/index.js";
import type { SessionManagerOptions } from "../manager/options.js";
import { SessionManager } from "../manager/session-manager.js";
import { guardUnhandledRejections } from "../whatsapp/rejection-guard.js";
import { createLog, isTerminal } from "./output.js";
import { readPassphrase } from "./passphrase.js";
import { misspeltVariables, type ServeSettings } from "./settings.js";
import { drawQRCode } from "../api/qr-image.js";

/** Pause before another try to reach a store that is down at the start. */
const START_RETRY_MS = 2_000;
/** Pause before another try to listen on a port that another process uses. */
const LISTEN_RETRY_MS = 200;
/** All checks that are only reported by default. */
const ENFORCED = { accountSignature: "enforce", noiseCertificate: "enforce" } as const;
/** How long requests in progress may take when the server stops. */
const DRAIN_MS = 300;

/** What a command needs from its process. */
export interface ServeContext {
  /** Writes a line to the terminal. */
  readonly print: (line: string) => void;
  /** Aborted by SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/**
 * Serves until the signal is aborted; settles when everything is closed. Rejects with a permanent error if the port is not available,
 * or the store can't be opened until something is changed: a wrong URL or key, a package that is not installed.
 */
export async function serve(settings: ServeSettings, { print, signal }: ServeContext): Promise<void> {
  const logger = createLog(settings.logLevel);
  const apiKey = settings.apiKey ?? randomBytes(24).toString("base64url");
  const manager = new SessionManager({
    store: settings.store,
    encryptionKeys: settings.encryptionKeys,
    ownership: { wait: settings.wait },
    tombstones: { keepMs: Math.round(settings.tombstoneDays * 86_400_000) },
    ...(await snapshotsOf(settings)),
    logger,
    whatsapp: {
      ...(settings.waUrl === undefined ? {} : { url: settings.waUrl }),
      ...(settings.waMediaUrl === undefined ? {} : { mediaUrl: settings.waMediaUrl }),
      allowPrivateProxies: settings.allowPrivateProxies,
      ...(settings.enforceSignatures ? { checks: ENFORCED } : {}),
    },
    webhooks: { allowPrivateTargets: settings.allowPrivateTargets },
  });
  const removeGuard = guardUnhandledRejections((sessionId, reason) =>
    logger.error({ sessionId, error: messageOf(reason) }, "unhandled rejection in a session's socket"),
  );
  const server = createServer((request, response) => void handler.node(request, response));
  const handler = createHttpHandler(manager, {
    apiKeys: apiKey,
    logger,
    logRequests: true,
    rateLimit: {},
    trustProxy: settings.trustProxy,
    system: true,
    metrics: createMetrics(manager),
  });
  try {
    for (const sentence of misspeltVariables(process.env)) logger.warn({}, sentence);
    const url = await listen(server, settings, { logger, signal });
    if (url === undefined) return;
    printEvents(manager, { print, url });
    print(`zpwoot listens on ${url}`);
    print(`pages: ${url}/sessions/overview and ${url}/docs`);
    if (settings.apiKey === undefined) print(newKeyLine(apiKey));
    const restoring = restore(manager, logger, signal);
    await Promise.race([aborted(signal), restoring.then(() => aborted(signal)), takenOver(manager)]);
    print("stopping; sessions stay linked");
    await Promise.all([close(server), manager.stop(), restoring]);
  } finally {
    removeGuard();
    server.close();
    await manager.stop();
  }
}

async function snapshotsOf(settings: ServeSettings): Promise<Pick<SessionManagerOptions, "snapshots">> {
  const { backupDir: directory } = settings;
  if (directory === undefined) return {};
  return { snapshots: { directory, passphrase: await readPassphrase(settings, process.env) } };
}

/** Who has the key can do everything, so that it goes to a person and not into a file or a log collector. */
function newKeyLine(apiKey: string): string {
  if (isTerminal()) return `API key for this run, shown once: ${apiKey}`;
  return "no API key was given, and a new one is printed to a terminal only: set API_KEY, or make one with `zpwoot keys create`";
}

/** Prints QR codes and what the sessions do, for the person at the terminal. The log has the same for machines. */
function printEvents(
  manager: SessionManager,
  { print, url }: { readonly print: (line: string) => void; readonly url: string },
): void {
  manager.on("session.qr", async ({ sessionId, value, seq }) => {
    const title = `session ${sessionId}: scan QR code ${seq} (WhatsApp, Linked devices)`;
    // Who scans it gets the session.
    if (isTerminal()) print(`${title}\n${await drawQRCode(value, "terminal")}`);
    else print(`${title} at ${url}/sessions/${sessionId}/link`);
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

/**
 * Settles with the URL; undefined when the signal came first. With the setting `wait`, a port that another process uses is waited for:
 * the server that this one replaces leaves it first.
 */
async function listen(
  server: Server,
  { port, host, wait }: ServeSettings,
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

/** Rejects when another process takes over the sessions: this one can only end then. */
async function takenOver(manager: SessionManager): Promise<never> {
  return new Promise((_, reject) => {
    manager.on("error", ({ error }) => {
      if (isZpwootError(error, "STORE_IN_USE")) reject(error);
    });
  });
}

/**
 * Restores the sessions. Retries while the store is down; until then every call is answered with 500. Rejects when trying again is
 * useless until something is changed.
 */
async function restore(manager: SessionManager, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await manager.start();
    } catch (error) {
      if (signal.aborted) return;
      if (isZpwootError(error) && error.permanent) throw error;
      logger.error({ error: messageOf(error) }, "the store can't be reached; retrying");
      await sleep(START_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
