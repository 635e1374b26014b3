/**
 * How a session reaches WhatsApp: directly, or through its proxy. WebSocket, media and the look-up of the client version all use the
 * agent of this file, so that no traffic of a session bypasses its proxy (docs/proxies.md).
 */
import type { Agent } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { HttpsProxyAgent } from "https-proxy-agent";
import { SocksProxyAgent } from "socks-proxy-agent";
import { ZpwootError } from "../errors.js";
import type { ProxyConfig } from "../api/session-info.js";

/** Deadline for a proxy to reach WhatsApp before a connection attempt. */
const PREFLIGHT_MS = 10_000;

/** How a session reaches WhatsApp. */
export interface Egress {
  /** Undefined for a direct connection. */
  readonly agent: Agent | undefined;
  /**
   * Checks that the proxy reaches the host of a ws:// or wss:// URL; settles at once without a proxy. Rejects with `PROXY_FAILED`
   * and the reason, never with the password, or with `ABORTED`.
   */
  preflight(url: string, signal: AbortSignal): Promise<void>;
}

const DIRECT: Egress = { agent: undefined, preflight: async () => {} };

/** Returns the egress for a session's proxy; null means direct. */
export function egressOf(proxy: ProxyConfig | null): Egress {
  if (proxy === null) return DIRECT;
  const agent = agentOf(proxy);
  return { agent, preflight: (url, signal) => preflight(agent, url, signal) };
}

/** Returns the options of the libraries' HTTP client for media. `proxy: false` stops it from using a proxy of the environment. */
export function mediaOptions(agent: Agent | undefined): {
  readonly httpAgent?: Agent;
  readonly httpsAgent?: Agent;
  readonly proxy?: false;
} {
  return agent === undefined ? {} : { httpAgent: agent, httpsAgent: agent, proxy: false };
}

/** The variants that resolve host names at the proxy, so that no DNS query bypasses it. */
const SOCKS_SCHEMES = { socks4: "socks4a", socks5: "socks5h" } as const;

function agentOf({ protocol = "http", host, port, username, password = "" }: ProxyConfig): Agent {
  const login =
    username === undefined ? "" : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  const address = `${login}${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (protocol === "http" || protocol === "https") return new HttpsProxyAgent(`${protocol}://${address}`);
  return new SocksProxyAgent(`${SOCKS_SCHEMES[protocol]}://${address}`);
}

async function preflight(agent: Agent, url: string, signal: AbortSignal): Promise<void> {
  const target = new URL(url);
  const request = target.protocol === "wss:" ? requestHttps : requestHttp;
  target.protocol = target.protocol === "wss:" ? "https:" : "http:";
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(PREFLIGHT_MS)]);
  await new Promise<void>((resolve, reject) => {
    let refused: number | undefined;
    // Nothing is sent to the target: the request is destroyed as soon as the connection is open.
    const attempt = request(target, { agent, signal: deadline });
    attempt.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) refused = statusCode;
    });
    attempt.once("socket", () => {
      if (refused === undefined) resolve();
      else reject(proxyRefused(refused));
      attempt.destroy();
    });
    // Not once: a destroyed request may emit another error.
    attempt.on("error", (error) => reject(signal.aborted ? aborted() : proxyFailed(error, deadline.aborted)));
  });
}

function aborted(): ZpwootError {
  return new ZpwootError("ABORTED", "the connection attempt was aborted");
}

function proxyRefused(status: number): ZpwootError {
  const why =
    status === 407
      ? "the session's proxy refuses its username and password"
      : "the session's proxy refuses to connect to WhatsApp";
  return new ZpwootError("PROXY_FAILED", `${why} (${status})`, { status });
}

/** The original error is dropped, as its text may contain the proxy's URL and its fields the password. */
function proxyFailed(error: Error & { code?: string }, timedOut: boolean): ZpwootError {
  if (timedOut)
    return new ZpwootError("PROXY_FAILED", `the session's proxy did not answer within ${PREFLIGHT_MS} ms`);
  if (/authentication/i.test(error.message)) return proxyRefused(407);
  if (/rejected connection|Socks5 proxy rejected|Socks4/i.test(error.message)) return proxyRefused(502);
  const code = error.code === undefined ? "" : ` (${error.code})`;
  return new ZpwootError("PROXY_FAILED", `the session's proxy can't be reached${code}`);
}
