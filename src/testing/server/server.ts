/** The service as clients reach it: the port, the open connections, and the links in progress. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Network } from "../network/network.js";
import { createServiceIdentity, type ServiceIdentity } from "../wire/certificate.js";
import { Connection } from "./connection.js";
import { Linking } from "./linking/linking.js";
import { Listener, type RequestHandler } from "./listener.js";
import { signIn } from "./login.js";

/** The server of one emulator. */
export class Server {
  /** The service's long-lived key with its certificates. */
  readonly identity: ServiceIdentity;
  readonly linking: Linking;
  readonly #network: Network;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  #connectionCount = 0;

  constructor(network: Network, onRequest: RequestHandler) {
    const { context } = network;
    this.#network = network;
    this.identity = createServiceIdentity(context.now(), context.random);
    this.linking = new Linking(context);
    const onSocket = (socket: WebSocket, tcp: Socket): void => this.#accept(socket, tcp);
    this.#listener = new Listener(context, { onRequest, onSocket });
  }

  /** The open connections. */
  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  /** Where clients connect: `ws://<host>:<port>/ws/chat`. */
  get url(): string {
    return this.#listener.url;
  }

  /** `<host>:<port>` as a URL has it. */
  get authority(): string {
    return this.#listener.authority;
  }

  /** Settles when the port is open; rejects when it is taken. */
  listen(port: number, host: string): Promise<void> {
    return this.#listener.listen(port, host);
  }

  /** Drops every connection. Settles when the port is free; calling it again returns the same promise. */
  stop(): Promise<void> {
    for (const connection of this.#connections) connection.terminate();
    return this.#listener.stop();
  }

  #accept(socket: WebSocket, tcp: Socket): void {
    const { context } = this.#network;
    this.#connectionCount += 1;
    const connection = new Connection({
      id: this.#connectionCount,
      socket,
      tcp,
      context,
      identity: this.identity,
      onSignIn: (signedIn, clientKey, payload) =>
        signIn({ network: this.#network, linking: this.linking }, signedIn, clientKey, payload),
      onClosed: (closed) => {
        this.#connections.delete(closed);
        closed.handler?.closed();
        context.events.emit("connection.closed", closed.facts);
      },
    });
    this.#connections.add(connection);
    context.events.emit("connection.opened", connection.facts);
  }
}
