/**
 * How a session reaches WhatsApp: directly, or through its proxy. WebSocket, media and the look-up of the client version all use the
 * agent of this file, so that no traffic of a session bypasses its proxy (docs/proxies.md).
 */
import { setMaxListeners } from "node:events";
import type { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import type { Logger } from "../api/logger.js";
import type { ProxyConfig } from "../api/session-info.js";
import { messageOf, ZpwootError } from "../errors.js";
import { IdleAgent } from "./idle-agent.js";
import type { MediaHost } from "./media-host.js";
import { MEDIA_ANSWER_BYTES, MEDIA_IDLE_MS, MEDIA_TOTAL_MS } from "./media-limits.js";
import { ProxyAgent } from "./proxy-agent.js";
import { isPrivateHost } from "./target-guard.js";
import { ProxyRefusedError } from "./proxy-refused.js";
import { UploadAgent, type UploadBounds } from "./upload-agent.js";

/** How a session reaches WhatsApp. */
export interface Egress {
  /** Undefined for a direct connection. */
  readonly agent: Agent | undefined;
  /** For uploads: the same way, with bounds. */
  readonly uploadAgent: Agent;
  /**
   * Checks that the proxy reaches the host of a ws:// or wss:// URL: opens a connection, and closes it. Settles at once without a
   * proxy, within ten seconds with one. Rejects with `PROXY_FAILED`, or with `ABORTED`.
   */
  preflight(url: string, signal: AbortSignal): Promise<void>;
}

const UPLOADS: UploadBounds = { maxBytes: MEDIA_ANSWER_BYTES, totalMs: MEDIA_TOTAL_MS };

/** How proxies are used. */
interface ProxyPolicy {
  /** Whether proxies may be at private addresses. */
  readonly allowPrivate: boolean;
  readonly logger: Logger;
  /** Where media is instead of at WhatsApp's hosts. */
  readonly mediaHost?: MediaHost | undefined;
  /** Resolves the names of proxies; the system's resolver by default. */
  readonly lookup?: LookupFunction;
}

/** What {@link SessionEgresses} needs. */
export interface SessionEgressesOptions extends ProxyPolicy {
  /** The proxy of a session as its record has it now. */
  readonly proxy: (sessionId: string) => ProxyConfig | null;
}

/** The way out of a session with a proxy, as its configuration is written. */
interface ProxyWay {
  readonly config: string;
  readonly agent: ProxyAgent;
  readonly uploadAgent: UploadAgent;
}

/** The ways out of all sessions: one agent per session and configuration, which ends with it. */
export class SessionEgresses {
  readonly #options: SessionEgressesOptions;
  readonly #agents = new Map<string, ProxyWay>();
  readonly #ending = new AbortController();
  /** One for all sessions without a proxy: it holds no connection. */
  readonly #uploadAgent: UploadAgent;
  readonly #direct: Egress;

  constructor(options: SessionEgressesOptions) {
    this.#options = options;
    this.#uploadAgent = new UploadAgent(new IdleAgent(MEDIA_IDLE_MS), UPLOADS, options.mediaHost);
    this.#direct = { agent: undefined, uploadAgent: this.#uploadAgent, preflight: async () => {} };
    // One listener per transfer.
    setMaxListeners(0, this.#ending.signal);
  }

  /** Aborted by {@link close}, with the error for those who wait. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** The way out of a session as it is configured now. Ends the connections of an earlier configuration. */
  of(sessionId: string): Egress {
    const proxy = this.#options.proxy(sessionId);
    const config = JSON.stringify(proxy);
    const known = this.#agents.get(sessionId);
    if (known?.config === config) return this.#egress(sessionId, known);
    this.forget(sessionId);
    if (proxy === null) return this.#direct;
    const agent = new ProxyAgent(proxy, this.#options);
    const way = { config, agent, uploadAgent: new UploadAgent(agent, UPLOADS, this.#options.mediaHost) };
    if (this.#ending.signal.aborted) agent.destroy();
    else this.#agents.set(sessionId, way);
    return this.#egress(sessionId, way);
  }

  /** Checks where a proxy is, as far as that is written out; a name is checked when it is connected to. Throws `INVALID_INPUT`. */
  check({ host }: ProxyConfig): void {
    // The URL parser normalises what resolvers take for an address too: hex, octal and short forms.
    const { hostname } = new URL(`http://${host.includes(":") ? `[${host}]` : host}`);
    if (this.#options.allowPrivate || !isPrivateHost(hostname)) return;
    const details = ["proxy.host must not be a private address, unless whatsapp.allowPrivateProxies is set"];
    throw new ZpwootError("INVALID_INPUT", `Invalid update: ${details.join("; ")}`, { details });
  }

  /** Ends the connections of a session. */
  forget(sessionId: string): void {
    this.#agents.get(sessionId)?.agent.destroy();
    this.#agents.delete(sessionId);
  }

  /** Ends every connection; none is made after that. Idempotent. */
  close(): void {
    this.#ending.abort(new ZpwootError("STOPPED", "The session manager was stopped"));
    this.#uploadAgent.destroy();
    for (const sessionId of this.#agents.keys()) this.forget(sessionId);
  }

  #egress(sessionId: string, { agent, uploadAgent }: ProxyWay): Egress {
    const { logger } = this.#options;
    return {
      agent,
      uploadAgent,
      preflight: (url, signal) => preflight(agent, { url, signal, logger, sessionId }),
    };
  }
}

/**
 * Finds out that a session's proxy reaches a ws:// or wss:// URL, and returns the agent. A proxy that was replaced while it was tried is no
 * reason to fail: the new one is tried. Rejects like `preflight`.
 */
export async function agentThatReaches(
  url: string,
  egress: () => Egress,
  signal: AbortSignal,
): Promise<Agent | undefined> {
  const first = egress();
  try {
    await first.preflight(url, signal);
    return first.agent;
  } catch (error) {
    const present = egress();
    if (signal.aborted || present.agent === first.agent) throw error;
    await present.preflight(url, signal);
    return present.agent;
  }
}

interface PreflightOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly sessionId: string;
}

async function preflight(agent: ProxyAgent, options: PreflightOptions): Promise<void> {
  const { url, signal, logger, sessionId } = options;
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  try {
    const socket = await agent.dial({ host, port: Number(port) || (protocol === "wss:" ? 443 : 80) }, signal);
    socket.destroy();
  } catch (error) {
    if (signal.aborted) throw new ZpwootError("ABORTED", "the connection attempt was aborted");
    if (error instanceof ProxyRefusedError) throw proxyRefused(error.status);
    // Callers are not told why: from the difference between "refused" and "no answer" they could map a network.
    logger.warn({ sessionId, error: reasonOf(error) }, "the session's proxy can't be reached");
    throw new ZpwootError("PROXY_FAILED", "the session's proxy can't be reached; the log has the reason");
  }
}

/** The code where there is one: texts of errors hold the proxy's address. */
function reasonOf(error: unknown): string {
  return (error as { readonly code?: string }).code ?? messageOf(error);
}

function proxyRefused(status: number): ZpwootError {
  const why =
    status === 407
      ? "the session's proxy refuses its username and password"
      : "the session's proxy refuses to connect to WhatsApp";
  return new ZpwootError("PROXY_FAILED", `${why} (${status})`, { status });
}
