/** The service as clients reach it: the port, the open connections, and the links in progress. */
import type { Socket } from "node:net";
import type { Network } from "../network/network.js";
import { createServiceIdentity, type ServiceIdentity } from "../wire/certificate.js";
import type { ClientSocket } from "./client-socket.js";
import { Connection } from "./connection.js";
import { Linking } from "./linking/linking.js";
import { Listener, type RequestHandler } from "./listener.js";
import { signIn } from "./login.js";
import { MediaHost } from "./media/media-host.js";
import { MediaListener } from "./media/media-listener.js";

/** The server of one emulator. */
export class Server {
  /** The service's long-lived key with its certificates. */
  readonly identity: ServiceIdentity;
  readonly linking: Linking;
  readonly #network: Network;
  readonly #listener: Listener;
  readonly #media: MediaListener;
  readonly #connections = new Set<Connection>();
  #connectionCount = 0;
  #stopped: Promise<void> | undefined;

  /** `onRequest` answers the requests that are not about media. `host` is where it will listen. */
  constructor(network: Network, onRequest: RequestHandler, host: string) {
    const { context } = network;
    this.#network = network;
    this.identity = createServiceIdentity(context.now(), context.random);
    this.linking = new Linking(context);
    const onSocket = (socket: ClientSocket, tcp: Socket): void => this.#accept(socket, tcp);
    const media = new MediaHost(network, {
      certificate: () => this.mediaCertificate,
      tcpOf: (request) => this.#media.tcpOf(request),
    });
    const mediaOr =
      (other: RequestHandler): RequestHandler =>
      (request, response) => {
        if (!media.handle(request, response)) other(request, response);
      };
    this.#listener = new Listener(context, { onRequest: mediaOr(onRequest), onSocket });
    const refuse: RequestHandler = (_request, response) => void response.writeHead(404).end();
    this.#media = new MediaListener(context, mediaOr(refuse), host);
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

  /** The certificate of the media host, as PEM. */
  get mediaCertificate(): string {
    return this.#media.certificate;
  }

  /** Settles when the ports are open; rejects when that of the service is taken. */
  async listen(port: number, host: string): Promise<void> {
    await this.#listener.listen(port, host);
    await this.#media.listen(host);
    this.#network.media.listensAt(this.#media.origin);
  }

  /** Drops every connection. Settles when the ports are free; calling it again returns the same promise. */
  stop(): Promise<void> {
    for (const connection of this.#connections) connection.terminate();
    this.#stopped ??= Promise.all([this.#listener.stop(), this.#media.stop()]).then(() => undefined);
    return this.#stopped;
  }

  #accept(socket: ClientSocket, tcp: Socket): void {
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
