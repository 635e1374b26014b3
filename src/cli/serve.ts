/** `zpwoot serve`: serves the HTTP API of one SessionManager until SIGTERM or SIGINT. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT, type Logger } from "../api/logger.js";
import { drawQRCode } from "../api/qr-image.js";
import { isZpwootError, messageOf } from "../errors.js";
import { createHttpHandler } from "../http/index.js";
import { createMetrics } from "../metrics/index.js";
import type { SessionManagerOptions } from "../manager/options.js";
import { SessionManager } from "../manager/session-manager.js";
import { guardUnhandledRejections } from "../whatsapp/rejection-guard.js";
import { clusterPlanOf } from "./cluster-plan.js";
import { allowOrigin } from "./cors.js";
import { answerHome } from "./home-page.js";
import { installedBaileys } from "./installed-library.js";
import { close, listen } from "./listen.js";
import { createLog, isTerminal } from "./output.js";
import { readPassphrase } from "./passphrase.js";
import { misspeltVariables, type EffectiveConfig, type ReadConfig } from "./read-config.js";
import { weakKeys } from "./weak-keys.js";

/** Pause before another try to reach a store that is down at the start. */
const START_RETRY_MS = 2_000;

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
export async function serve(read: ReadConfig, { print, signal }: ServeContext): Promise<void> {
  const { config } = read;
  const logger = config.logger === false ? SILENT : (config.logger ?? createLog(config.logLevel));
  const newKey = randomBytes(24).toString("base64url");
  const manager = new SessionManager(await managerOptions(config, logger));
  const removeGuard = guardUnhandledRejections((sessionId, reason) =>
    logger.error({ sessionId, error: messageOf(reason) }, "unhandled rejection in a session's socket"),
  );
  const http = { apiKeys: newKey, ...config.http, logger, metrics: createMetrics(manager) };
  const handler = createHttpHandler(manager, http);
  const base = config.http?.basePath ?? "";
  const server = createServer((request, response) => {
    if (allowOrigin(config.corsOrigins, request, response) || answerHome(request, response, base)) return;
    void handler.node(request, response);
  });
  try {
    for (const sentence of misspeltVariables(process.env)) logger.warn({}, sentence);
    for (const sentence of weakKeys(config.http?.apiKeys)) logger.warn({}, sentence);
    const place = { port: config.port, host: config.host, wait: config.ownership?.wait === true };
    const url = await listen(server, place, { logger, signal });
    if (url === undefined) return;
    printEvents(manager, { print, url: url + base });
    print(`zpwoot listens on ${url}`);
    if (read.file !== undefined) print(`configuration: ${read.file}`);
    print(`pages: ${url}${base}/sessions/overview and ${url}${base}/docs`);
    if (config.http?.apiKeys === undefined) print(newKeyLine(newKey));
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

/** The manager's part of a configuration, with the passphrase and the library that it names. */
async function managerOptions(config: EffectiveConfig, logger: Logger): Promise<SessionManagerOptions> {
  const {
    port: _port,
    host: _host,
    logLevel: _level,
    library,
    corsOrigins: _origins,
    http: _http,
    ...rest
  } = config;
  const { passphraseFile: _file, snapshots, whatsapp, cluster, ...options } = rest;
  const plan = await clusterPlanOf(cluster);
  return {
    ...options,
    ...(plan === undefined ? {} : { cluster: plan }),
    logger,
    ...(snapshots === undefined
      ? {}
      : {
          snapshots: {
            ...snapshots,
            passphrase: snapshots.passphrase ?? (await readPassphrase(config, process.env)),
          },
        }),
    whatsapp: {
      ...(library === "baileys" ? { socketFactory: installedBaileys() } : {}),
      ...whatsapp,
    },
  };
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
