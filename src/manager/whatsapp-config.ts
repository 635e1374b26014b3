/** From the `whatsapp` option to what libraries and sockets take. */
import type { Agent as HttpsAgent } from "node:https";
import type { UserFacingSocketConfig } from "whaileys";
import { ByteBudget } from "../async/byte-budget.js";
import { once } from "../async/once.js";
import type { SessionServices } from "../session/services.js";
import {
  resolveWhatsAppWebVersion,
  type ClientVersion,
  type ClientVersionOptions,
} from "../whatsapp/client-version.js";
import { loadWhaileys } from "../whatsapp/libraries/whaileys.js";
import type { SocketFactory } from "../whatsapp/library.js";
import { libraryHttp } from "../egress/library-http.js";
import { MediaHost } from "../egress/media-host.js";
import type { MediaLimits } from "../egress/media-limits.js";
import type { Egress } from "../egress/proxy.js";
import { WHATSAPP_ROOT_KEY } from "../whatsapp/signatures/certificates.js";
import type { SocketChecks } from "../whatsapp/signatures/socket-checks.js";
import { withBoundedMedia } from "../whatsapp/media/bounded-socket.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";

/** The library that was handed in, or whaileys; loaded once, again after a failure. */
export function libraryOf(
  { whatsapp = {} }: SessionManagerOptions,
  media: MediaLimits,
): () => Promise<SocketFactory> {
  const { socketFactory = loadWhaileys, patches = DEFAULTS.patches } = whatsapp;
  return once(async () => {
    const library = await (typeof socketFactory === "function" ? socketFactory({ patches }) : socketFactory);
    return withBoundedMedia(library, media);
  });
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

/** Hosts of the real service. */
const WHATSAPP_HOSTS = /(^|\.)whatsapp\.(com|net)$/;

/** Where media is, when it is not at WhatsApp's hosts. */
export function mediaHostOf({ whatsapp = {} }: SessionManagerOptions): MediaHost | undefined {
  return whatsapp.mediaUrl === undefined ? undefined : new MediaHost(whatsapp.mediaUrl);
}

/** Which signatures are enforced, and which root the certificates of the server have. */
export function checksOf({ whatsapp = {} }: Pick<SessionManagerOptions, "whatsapp">): SocketChecks {
  const { url, noiseRootKey, checks = {} } = whatsapp;
  const isWhatsApp = url === undefined || WHATSAPP_HOSTS.test(new URL(url).hostname);
  return {
    accountSignature: checks.accountSignature ?? DEFAULTS.checks,
    noiseCertificate: checks.noiseCertificate ?? DEFAULTS.checks,
    rootKey:
      noiseRootKey === undefined
        ? isWhatsApp
          ? WHATSAPP_ROOT_KEY
          : undefined
        : typeof noiseRootKey === "string"
          ? Buffer.from(noiseRootKey, "hex")
          : noiseRootKey,
  };
}

/** Options of every socket of a manager. Made once: the objects in it are shared by all of them. */
export function socketConfig({ whatsapp = {} }: SessionManagerOptions): Partial<UserFacingSocketConfig> {
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
  };
}

/** Options with the version to announce. */
export function versionConfig({ version }: ClientVersion): Partial<UserFacingSocketConfig> {
  return version === undefined ? {} : { version: [...version] };
}

/** Sends the WebSocket, uploads, and the downloads that the library makes by itself through an agent, within bounds. */
export function agentConfig(media: MediaLimits): (egress: Egress) => Partial<UserFacingSocketConfig> {
  const optionsOf = (agent: Egress["agent"]) =>
    Object.assign(libraryHttp(agent, media), { proxy: false }) as NonNullable<
      UserFacingSocketConfig["options"]
    >;
  // Shared by all sessions without a proxy.
  const direct = optionsOf(undefined);
  return ({ agent, uploadAgent }) => {
    // The library's types ask for HTTPS agents; a session's agent serves both.
    const fetchAgent = uploadAgent as HttpsAgent;
    if (agent === undefined) return { fetchAgent, options: direct };
    return { agent: agent as HttpsAgent, fetchAgent, options: optionsOf(agent) };
  };
}

/**
 * The bounds of media, with the defaults. Made once for a manager: what they count is counted together. The signal ends every
 * transfer.
 */
export function mediaLimits(
  { media = {} }: SessionManagerOptions,
  { signal, host }: Pick<MediaLimits, "signal" | "host"> = {},
): MediaLimits {
  return {
    ...{ signal, host },
    maxBytes: media.maxBytes ?? DEFAULTS.mediaMaxBytes,
    budget: new ByteBudget(media.maxTotalBytes ?? DEFAULTS.mediaMaxTotalBytes),
    allowPrivateSources: media.allowPrivateSources ?? DEFAULTS.allowPrivateSources,
  };
}
