/**
 * The way out of one session: direct, or through its proxy. WebSocket, media and the look for the current client version all
 * use the agent given here, so that nothing of the session goes past its proxy (engine.md section 6).
 */
import type { Agent } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { HttpsProxyAgent } from "https-proxy-agent";
import { SocksProxyAgent } from "socks-proxy-agent";
import { ZpwootError } from "../errors.js";
import type { ProxyConfig } from "../api/session-info.js";

/** How long a proxy may take to reach WhatsApp before an attempt. */
const PREFLIGHT_MS = 10_000;

/** See the head of this file. */
export interface Egress {
  /** Undefined: direct. */
  readonly agent: Agent | undefined;
  /**
   * Checks that the proxy lets us reach the host of a ws:// or wss:// URL, at once without a proxy. Rejects with `PROXY_FAILED`,
   * saying what is wrong and never the password.
   */
  preflight(url: string, signal: AbortSignal): Promise<void>;
}

const DIRECT: Egress = { agent: undefined, preflight: async () => {} };

/** Makes the egress of a session. */
export function egressOf(proxy: ProxyConfig | null): Egress {
  if (proxy === null) return DIRECT;
  const agent = agentOf(proxy);
  return { agent, preflight: (url, signal) => preflight(agent, url, signal) };
}

/** What the libraries' HTTP client takes for media. `proxy: false` keeps it from taking one out of the environment instead. */
export function mediaOptions(agent: Agent | undefined): {
  readonly httpAgent?: Agent;
  readonly httpsAgent?: Agent;
  readonly proxy?: false;
} {
  return agent === undefined ? {} : { httpAgent: agent, httpsAgent: agent, proxy: false };
}

/** Names are resolved by the proxy, not here: a look-up of WhatsApp's hosts must not go past it either. */
const SOCKS_SCHEMES = { socks4: "socks4a", socks5: "socks5h" } as const;

function agentOf({ protocol = "http", host, port, username, password = "" }: ProxyConfig): Agent {
  const login =
    username === undefined ? "" : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  const place = `${login}${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (protocol === "http" || protocol === "https") return new HttpsProxyAgent(`${protocol}://${place}`);
  return new SocksProxyAgent(`${SOCKS_SCHEMES[protocol]}://${place}`);
}

async function preflight(agent: Agent, url: string, signal: AbortSignal): Promise<void> {
  const target = new URL(url);
  const request = target.protocol === "wss:" ? requestHttps : requestHttp;
  target.protocol = target.protocol === "wss:" ? "https:" : "http:";
  const ending = AbortSignal.any([signal, AbortSignal.timeout(PREFLIGHT_MS)]);
  await new Promise<void>((resolve, reject) => {
    let refused: number | undefined;
    // Nothing is sent to the target: the request is given up as soon as the way to it is open.
    const attempt = request(target, { agent, signal: ending });
    attempt.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) refused = statusCode;
    });
    attempt.once("socket", () => {
      if (refused === undefined) resolve();
      else reject(proxyRefused(refused));
      attempt.destroy();
    });
    // Stays: a request that was given up may still fail.
    attempt.on("error", (error) => reject(signal.aborted ? aborted() : proxyFailed(error, ending.aborted)));
  });
}

function aborted(): ZpwootError {
  return new ZpwootError("ABORTED", "The attempt was ended");
}

function proxyRefused(status: number): ZpwootError {
  const why =
    status === 407
      ? "the session's proxy refuses its username and password"
      : "the session's proxy refuses to connect to WhatsApp";
  return new ZpwootError("PROXY_FAILED", `${why} (${status})`, { status });
}

/** The error's own text may hold the proxy's URL, and its fields the password: neither is passed on. */
function proxyFailed(error: Error & { code?: string }, late: boolean): ZpwootError {
  if (late)
    return new ZpwootError("PROXY_FAILED", `the session's proxy did not answer within ${PREFLIGHT_MS} ms`);
  if (/authentication/i.test(error.message)) return proxyRefused(407);
  if (/rejected connection|Socks5 proxy rejected|Socks4/i.test(error.message)) return proxyRefused(502);
  const code = error.code === undefined ? "" : ` (${error.code})`;
  return new ZpwootError("PROXY_FAILED", `the session's proxy can't be reached${code}`);
}
