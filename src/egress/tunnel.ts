/** Opens a TCP connection to a host through a proxy; every socket is closed on failure. */
import { request as requestHttp, type ClientRequest, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { ProxyConfig } from "../api/session-info.js";
import { proxyLoginProblem } from "../api/proxy-input.js";
import { tunnelBySocks } from "./socks-tunnel.js";
import { guardedLookup, isPrivateHost, TargetRefusedError } from "./target-guard.js";
import { ProxyRefusedError } from "./proxy-refused.js";

/** Where a tunnel leads. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

/** How a tunnel is opened. */
export interface TunnelOptions {
  /** Ends the dialling at once; has no effect on a tunnel that is open. */
  readonly signal: AbortSignal;
  /** Whether the proxy itself may be at a private address. */
  readonly allowPrivate: boolean;
  /** Resolves the proxy's name; the system's resolver by default. */
  readonly lookup?: LookupFunction | undefined;
  /** Called with each socket as it is made, so that its owner can destroy it. */
  readonly onSocket: (socket: Socket) => void;
}

/** A header of this size is an attack: answers to CONNECT have a few hundred bytes. */
const MAX_HEADER_BYTES = 16 * 1024;
/** A proxy may say "still working" so often before the answer. */
const MAX_INTERIM_ANSWERS = 10;

/**
 * A connection to the target through the proxy. Rejects with {@link ProxyRefusedError}, {@link TargetRefusedError} when the proxy is
 * at a private address, or the error of the connection; the socket is destroyed then.
 */
export async function openTunnel(
  proxy: ProxyConfig,
  target: TunnelTarget,
  options: TunnelOptions,
): Promise<Socket> {
  options.signal.throwIfAborted();
  // A name is checked when it is resolved, an address that is written out here.
  if (!options.allowPrivate && isPrivateHost(proxy.host)) throw new TargetRefusedError();
  // A stored login may be older than the check of input.
  const problem = proxyLoginProblem(proxy);
  if (problem !== undefined) throw new Error(problem);
  const { allowPrivate, lookup } = options;
  const dialling = {
    ...options,
    lookup: allowPrivate ? lookup : guardedLookup(lookup),
  };
  const { protocol = "http" } = proxy;
  return protocol === "http" || protocol === "https"
    ? tunnelByConnect(proxy, target, dialling)
    : tunnelBySocks(proxy, target, dialling);
}

/** RFC 9110, section 9.3.6. */
function tunnelByConnect(proxy: ProxyConfig, target: TunnelTarget, options: TunnelOptions): Promise<Socket> {
  const send = proxy.protocol === "https" ? requestHttps : requestHttp;
  const request = send(connectRequest(proxy, target, options));
  return new Promise((resolve, reject) => {
    request.once("socket", (socket) => options.onSocket(socket));
    // Stays: a request that was given up may still fail.
    request.on("error", reject);
    request.once("close", () => reject(new Error("The proxy closed the connection")));
    limitInterimAnswers(request);
    request.once("connect", ({ statusCode = 502 }, socket, head) => {
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        return resolve(socket);
      }
      socket.destroy();
      reject(new ProxyRefusedError(statusCode));
    });
    request.end();
  });
}

function connectRequest(
  { host, port, username, password = "" }: ProxyConfig,
  target: TunnelTarget,
  { signal, lookup }: TunnelOptions,
): RequestOptions & { readonly servername?: string } {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  const login = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return {
    ...{
      method: "CONNECT",
      host,
      port,
      path: authority,
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      signal,
    },
    headers: { host: authority, ...(username === undefined ? {} : { "proxy-authorization": login }) },
    // Otherwise the name of the target, from the header, would be asked of the proxy's certificate.
    ...(isIP(host) === 0 ? { servername: host } : { servername: "" }),
    ...(lookup === undefined ? {} : { lookup }),
  };
}

function limitInterimAnswers(request: ClientRequest): void {
  let count = 0;
  request.on("information", () => {
    count += 1;
    if (count > MAX_INTERIM_ANSWERS) request.destroy(new ProxyRefusedError(502));
  });
}
