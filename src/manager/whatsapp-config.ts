/** From the `whatsapp` option to what libraries and sockets take. */
import type { Agent as HttpsAgent } from "node:https";
import type { UserFacingSocketConfig } from "whaileys";
import { once } from "../async/once.js";
import type { SessionServices } from "../session/services.js";
import {
  resolveWhatsAppWebVersion,
  type ClientVersion,
  type ClientVersionOptions,
} from "../whatsapp/client-version.js";
import { loadWhaileys } from "../whatsapp/libraries/whaileys.js";
import type { SocketFactory } from "../whatsapp/library.js";
import { mediaOptions, type Egress } from "../egress/proxy.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";

/** The library that was handed in, or whaileys; loaded once, again after a failure. */
export function libraryOf({ whatsapp = {} }: SessionManagerOptions): () => Promise<SocketFactory> {
  const { socketFactory = loadWhaileys } = whatsapp;
  return once(async () => (typeof socketFactory === "function" ? socketFactory() : socketFactory));
}

/** How the version to announce is found: the real service is asked only when the sockets go to it. */
export function versionOptions({
  whatsapp = {},
}: SessionManagerOptions): Pick<ClientVersionOptions, "pinned" | "resolve"> {
  const { version, url } = whatsapp;
  if (typeof version === "function") return { resolve: version };
  if (version !== undefined) return { pinned: version };
  return url === undefined ? { resolve: resolveWhatsAppWebVersion } : {};
}

/** The time limits of an attempt, in milliseconds. */
export function timeoutsOf({ whatsapp = {} }: SessionManagerOptions): SessionServices["timeouts"] {
  return {
    connectMs: whatsapp.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    loginMs: whatsapp.loginTimeoutMs ?? DEFAULTS.loginTimeoutMs,
    unlinkMs: whatsapp.unlinkTimeoutMs ?? DEFAULTS.unlinkTimeoutMs,
  };
}

/** Options of every socket. */
export function socketConfig(
  { whatsapp = {} }: SessionManagerOptions,
  { version }: ClientVersion,
): Partial<UserFacingSocketConfig> {
  const { url, qrTimeoutMs, getMessage, syncHistory = false } = whatsapp;
  return {
    browser: [...(whatsapp.browser ?? DEFAULTS.browser)],
    connectTimeoutMs: whatsapp.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    keepAliveIntervalMs: whatsapp.keepAliveIntervalMs ?? DEFAULTS.keepAliveIntervalMs,
    markOnlineOnConnect: whatsapp.markOnline ?? true,
    syncFullHistory: syncHistory,
    // whaileys logs out by itself when history arrives before the key that decrypts it.
    shouldSyncHistoryMessage: () => syncHistory,
    printQRInTerminal: false,
    ...(url === undefined ? {} : { waWebSocketUrl: url }),
    ...(qrTimeoutMs === undefined ? {} : { qrTimeout: qrTimeoutMs }),
    ...(getMessage === undefined ? {} : { getMessage }),
    ...(version === undefined ? {} : { version: [...version] }),
  };
}

/** Sends the WebSocket, uploads, and the downloads that the library makes by itself through the session's agent. */
export function agentConfig({ agent }: Egress): Partial<UserFacingSocketConfig> {
  if (agent === undefined) return {};
  // The library's types ask for an HTTPS agent; this one serves both.
  const https = agent as HttpsAgent;
  return { agent: https, fetchAgent: https, options: mediaOptions(agent) };
}
