/** An HTTP agent whose connections all go through one proxy, and which owns every socket that it makes. */
import { setMaxListeners } from "node:events";
import type { ClientRequest } from "node:http";
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { Agent, type AgentConnectOpts } from "agent-base";
import type { ProxyConfig } from "../api/session-info.js";
import { DeadlineError } from "../async/deadline.js";
import { forwardAbort } from "../async/forward-abort.js";
import { endWhenIdle } from "./idle-agent.js";
import { MEDIA_IDLE_MS } from "./media-limits.js";
import { openTunnel, type TunnelTarget } from "./tunnel.js";

/** How an agent dials. */
export interface ProxyAgentOptions {
  /** Whether the proxy itself may be at a private address. */
  readonly allowPrivate: boolean;
  /** The longest way to the target: name, connection and negotiation together, in milliseconds. Default 10,000. */
  readonly dialTimeoutMs?: number;
  /** Resolves the proxy's name; the system's resolver by default. */
  readonly lookup?: LookupFunction | undefined;
}

/** How long a proxy may take to reach a target. */
const DIAL_MS = 10_000;

/** An agent for `http`, `https` and `ws`. Keeps no connection alive. */
export class ProxyAgent extends Agent {
  readonly #proxy: ProxyConfig;
  readonly #options: ProxyAgentOptions;
  readonly #open = new Set<Socket>();
  readonly #ending = new AbortController();

  constructor(proxy: ProxyConfig, options: ProxyAgentOptions) {
    super({ keepAlive: false });
    this.#proxy = proxy;
    this.#options = options;
    // One listener per connection that is being opened.
    setMaxListeners(0, this.#ending.signal);
  }

  /** How many sockets are open or being opened. */
  get openSockets(): number {
    return this.#open.size;
  }

  /**
   * A connection to the target through the proxy. Rejects with the errors of {@link openTunnel}, with a `DeadlineError` after the dial
   * time-out, and with the reason of the signal.
   */
  async dial(target: TunnelTarget, signal: AbortSignal): Promise<Socket> {
    const { allowPrivate, lookup, dialTimeoutMs = DIAL_MS } = this.#options;
    const dialling = new AbortController();
    const timer = setTimeout(
      () => dialling.abort(new DeadlineError("The proxy", dialTimeoutMs)),
      dialTimeoutMs,
    );
    const unlink = [signal, this.#ending.signal].map((ending) => forwardAbort(ending, dialling));
    try {
      const onSocket = (socket: Socket): void => this.#own(socket);
      return await openTunnel(this.#proxy, target, {
        signal: dialling.signal,
        allowPrivate,
        lookup,
        onSocket,
      });
    } catch (error) {
      throw dialling.signal.aborted ? dialling.signal.reason : error;
    } finally {
      clearTimeout(timer);
      for (const remove of unlink) remove();
    }
  }

  /** Called by `agent-base` for the connection of one request. */
  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex> {
    const { host = "localhost", port } = options as { readonly host?: string; readonly port: number };
    const socket = await this.dial({ host, port: Number(port) }, destroyedSignal(request));
    const connection = options.secureEndpoint ? this.#secure(socket, host, options) : socket;
    // The libraries send uploads without a time-out.
    endWhenIdle(connection, MEDIA_IDLE_MS);
    return connection;
  }

  /** Destroys every connection, ends every dialling, and refuses new ones. Idempotent. */
  override destroy(): void {
    this.#ending.abort(new Error("The session's proxy was changed or closed"));
    for (const socket of this.#open) socket.destroy();
    super.destroy();
  }

  #secure(socket: Socket, host: string, options: ConnectionOptions): Socket {
    const { host: _host, port: _port, path: _path, ...tls } = options;
    const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
    const secure = connectTls({ ...tls, socket, ...(servername === undefined ? {} : { servername }) });
    this.#own(secure);
    return secure;
  }

  #own(socket: Socket): void {
    this.#open.add(socket);
    // A connection between two owners has no other listener, and an `error` that nobody handles ends the process.
    socket.on("error", () => {});
    socket.once("close", () => this.#open.delete(socket));
  }
}

/** Aborted when the request is destroyed. Node emits `close` only when the request has a socket, and this is about the time before. */
function destroyedSignal(request: ClientRequest): AbortSignal {
  const controller = new AbortController();
  const giveUp = (error = new Error("The request was given up")): void => controller.abort(error);
  if (request.destroyed) giveUp();
  const destroy = request.destroy.bind(request);
  request.destroy = (error) => {
    giveUp(error);
    return destroy(error);
  };
  return controller.signal;
}
