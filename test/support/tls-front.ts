/** TLS in front of a plain Postgres or Redis, with a certificate of its own authority. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket, type SecureContext } from "node:tls";
import { promisify } from "node:util";

/** What a client of Postgres sends first to ask for TLS: length 8, code 80877103 (PostgreSQL, Frontend/Backend Protocol, SSLRequest). */
const SSL_REQUEST_BYTES = 8;

/** Where the plain server is. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** Listens on a free port. */
export class TlsFront implements AsyncDisposable {
  /** Connections that spoke TLS. */
  secured = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #folder: string;

  private constructor(
    server: Server,
    folder: string,
    /** The file of the certificate to trust. */
    readonly authority: string,
  ) {
    this.#server = server;
    this.#folder = folder;
  }

  /** `negotiated`: the client asks in plain before it begins, as with Postgres. */
  static async start(target: Target, { negotiated }: { readonly negotiated: boolean }): Promise<TlsFront> {
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
    await promisify(execFile)("openssl", [...request, "-keyout", key, "-out", cert]);
    const context = createSecureContext({ key: await readFile(key), cert: await readFile(cert) });
    const server = createServer();
    const front = new TlsFront(server, folder, cert);
    server.on("connection", (socket) => {
      front.#track(socket);
      if (!negotiated) return front.#secure(socket, context, target);
      socket.once("data", (chunk) => {
        if (chunk.length !== SSL_REQUEST_BYTES) return socket.destroy();
        socket.write("S");
        front.#secure(socket, context, target);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
    await rm(this.#folder, { recursive: true, force: true });
  }

  #secure(socket: Socket, secureContext: SecureContext, target: Target): void {
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    this.#track(secure);
    secure.once("secure", () => {
      this.secured += 1;
      const plain = connect(target);
      this.#track(plain);
      secure.pipe(plain).pipe(secure);
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
