/** What every session of a manager is given: its options with the defaults filled in, and its ways to the store. */
import type { Agent as HttpsAgent } from "node:https";
import type { UserFacingSocketConfig } from "whaileys";
import { loadAuthState, wipeAuthState } from "../auth/auth-state.js";
import { KeyCache } from "../auth/key-cache.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";
import type { SessionCaches, SocketFactory } from "../whatsapp/library.js";
import { reachable, type Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import type { SessionServices } from "../session/services.js";
import type { SessionEvents } from "../api/events.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import type { ProxyConfig } from "../api/session-info.js";
import type { SessionRecords } from "../store/sessions/session-records.js";
import { familySpace } from "../store/space/key-space.js";
import { DEFAULT_ENDPOINT } from "../webhooks/index.js";
import { type KeySpace } from "../store/space/key-space.js";
import { egressOf, mediaOptions, type Egress } from "../whatsapp/proxy.js";
import { quietLogger } from "../whatsapp/library-logger.js";
import {
  resolveWhatsAppWebVersion,
  type ClientVersion,
  type VersionGateOptions,
} from "../whatsapp/client-version.js";
import { loadWhaileys } from "../whatsapp/libraries/whaileys.js";

/** The parts of a manager that its sessions use. */
export interface SessionServicesInput {
  readonly options: SessionManagerOptions;
  readonly versions: ClientVersion;
  readonly logger: Logger;
  readonly store: Store;
  readonly records: SessionRecords;
  /** Drops what is queued for a session's webhook. */
  readonly forget: (sessionId: string) => Promise<void>;
  readonly emit: SessionServices["emit"];
  /** The proxy of a session as its record has it now. */
  readonly proxy: (sessionId: string) => ProxyConfig | null;
}

/** What one session keeps in memory over its reconnects. */
interface SessionMemory {
  /** Made when the library is known. */
  sockets: SessionCaches | undefined;
  readonly keys: KeyCache;
}

/** The time limits of an attempt, in milliseconds. */
export function timeoutsOf({ whatsapp = {} }: SessionManagerOptions): SessionServices["timeouts"] {
  return {
    connectMs: whatsapp.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    loginMs: whatsapp.loginTimeoutMs ?? DEFAULTS.loginTimeoutMs,
    unlinkMs: whatsapp.unlinkTimeoutMs ?? DEFAULTS.unlinkTimeoutMs,
  };
}

/** How the version to announce is found: the real service is asked only when the sockets go to it. */
export function versionOptions({
  whatsapp = {},
}: SessionManagerOptions): Pick<VersionGateOptions, "pinned" | "resolve"> {
  const { version, url } = whatsapp;
  if (typeof version === "function") return { resolve: version };
  if (version !== undefined) return { pinned: version };
  return url === undefined ? { resolve: resolveWhatsAppWebVersion } : {};
}

/** The place of an endpoint's queue in a session's space. */
export function outboxSpace(store: Store, sessionId: string, endpoint = DEFAULT_ENDPOINT): KeySpace {
  return familySpace(store, sessionId, endpoint === DEFAULT_ENDPOINT ? "webhook" : `webhook-${endpoint}`);
}

/** What every session is given. */
export function sessionServices(input: SessionServicesInput): SessionServices {
  const { options, versions, logger, store, records, forget, emit } = input;
  const library = libraryOf(options);
  const { reconnect = {} } = options;
  const memory = new Map<string, SessionMemory>();
  const memoryOf = (sessionId: string): SessionMemory => {
    const known = memory.get(sessionId) ?? { sockets: undefined, keys: new KeyCache() };
    memory.set(sessionId, known);
    return known;
  };
  return {
    library,
    versions,
    emit,
    // That the data belongs to the name is known to NamedWhatsAppEvent, and lost by taking it apart.
    emitWhatsApp: (sessionId, { name, data }) =>
      emit(name, { sessionId, data } as SessionEvents[WebhookEventName]),
    logger,
    egress: (sessionId) => egressOf(input.proxy(sessionId)),
    config: (sessionId, used) => ({
      ...socketConfig(options, versions),
      ...agentConfig(egressOf(input.proxy(sessionId))),
      ...(memoryOf(sessionId).sockets ??= used.makeCaches?.() ?? {}),
      logger: quietLogger(logger, sessionId),
    }),
    loadAuth: async (sessionId, onFailure) =>
      loadAuthState({
        store,
        sessionId,
        library: await library(),
        cache: memoryOf(sessionId).keys,
        onFailure,
        logger,
      }),
    forgetMemory: (sessionId) => void memory.delete(sessionId),
    wipeAuth: async (sessionId) => {
      memory.delete(sessionId);
      await wipeAuthState(store, sessionId);
    },
    reachable: () => reachable(store),
    saveRecord: (record) => records.update(record),
    markDeleted: (sessionId) => records.tombstone(sessionId),
    removeAll: async (sessionId) => {
      memory.delete(sessionId);
      await forget(sessionId);
      await records.remove(sessionId);
    },
    now: Date.now,
    random: Math.random,
    timeouts: timeoutsOf(options),
    backoff: {
      firstDelayMs: reconnect.firstDelayMs ?? DEFAULTS.firstDelayMs,
      maxDelayMs: reconnect.maxDelayMs ?? DEFAULTS.maxDelayMs,
    },
    stableAfterMs: reconnect.stableAfterMs ?? DEFAULTS.stableAfterMs,
    maxAttempts: reconnect.maxAttempts ?? null,
    linking: {
      maxQrs: options.whatsapp?.linking?.maxQrs ?? Infinity,
      timeoutMs: options.whatsapp?.linking?.timeoutMs ?? Infinity,
    },
    qrStyle: {
      format: options.whatsapp?.qrFormat ?? DEFAULTS.qrFormat,
      browser: options.whatsapp?.browser ?? DEFAULTS.browser,
    },
  };
}

/** The library that was handed in, or whaileys; loaded once, again after a failure. */
function libraryOf({ whatsapp = {} }: SessionManagerOptions): () => Promise<SocketFactory> {
  const { socketFactory = loadWhaileys } = whatsapp;
  if (typeof socketFactory === "object") return async () => socketFactory;
  let loading: Promise<SocketFactory> | undefined;
  const load = async (): Promise<SocketFactory> => socketFactory();
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** WebSocket, uploads, and the downloads that the library does by itself. */
function agentConfig({ agent }: Egress): Partial<UserFacingSocketConfig> {
  if (agent === undefined) return {};
  // The types say https; the agent serves both.
  const https = agent as HttpsAgent;
  return { agent: https, fetchAgent: https, options: mediaOptions(agent) };
}

function socketConfig(
  { whatsapp = {} }: SessionManagerOptions,
  versions: ClientVersion,
): Partial<UserFacingSocketConfig> {
  const { url, qrTimeoutMs, getMessage, syncHistory = false } = whatsapp;
  const { version } = versions;
  return {
    browser: [...(whatsapp.browser ?? DEFAULTS.browser)],
    connectTimeoutMs: whatsapp.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    keepAliveIntervalMs: whatsapp.keepAliveIntervalMs ?? DEFAULTS.keepAliveIntervalMs,
    markOnlineOnConnect: whatsapp.markOnline ?? true,
    syncFullHistory: syncHistory,
    // History that comes before its key makes whaileys log out by itself (whatsapp-protocol.md section 8).
    shouldSyncHistoryMessage: () => syncHistory,
    printQRInTerminal: false,
    ...(url === undefined ? {} : { waWebSocketUrl: url }),
    ...(qrTimeoutMs === undefined ? {} : { qrTimeout: qrTimeoutMs }),
    ...(getMessage === undefined ? {} : { getMessage }),
    ...(version === undefined ? {} : { version: [...version] }),
  };
}
