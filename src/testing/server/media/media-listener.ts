/** The port of the media host. It speaks TLS: clients ask for media over HTTPS only. */
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { EmulatorContext } from "../../context/emulator-context.js";
import { createTlsCertificate, type TlsCertificate } from "../../wire/tls-certificate.js";
import type { RequestHandler } from "../listener.js";

/** The names that clients may know it by, beside its own address. */
const NAMES = ["localhost", "127.0.0.1", "whatsapp.net", "*.whatsapp.net", "*.cdn.whatsapp.net"];

/** Listens on a port of its own. */
export class MediaListener {
  readonly #certificate: TlsCertificate;
  readonly #server: Server;
  /** The connections below TLS, by the port of the client. */
  readonly #tcp = new Map<number, Socket>();
  #stopped: Promise<void> | undefined;

  constructor(context: EmulatorContext, onRequest: RequestHandler, host: string) {
    this.#certificate = createTlsCertificate([...new Set([...NAMES, host])], context.random);
    this.#server = createServer(this.#certificate, onRequest);
    this.#server.on("connection", (socket: Socket) => {
      const { remotePort = 0 } = socket;
      this.#tcp.set(remotePort, socket);
      socket.once("close", () => this.#tcp.delete(remotePort));
    });
    // A client that does not trust the certificate says so to its own user.
    this.#server.on("tlsClientError", () => undefined);
  }

  /** The certificate that clients must trust, as PEM. */
  get certificate(): string {
    return this.#certificate.cert;
  }

  /** The connection below TLS that a request came on. */
  tcpOf(request: IncomingMessage): Socket {
    return this.#tcp.get(request.socket.remotePort ?? 0) ?? request.socket;
  }

  /** `https://<host>:<port>`. */
  get origin(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `https://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** Settles when a free port is open. */
  async listen(host: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port: 0, host }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Drops every connection. Settles when the port is free. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#tcp.values()) socket.destroy();
    });
    return this.#stopped;
  }
}
