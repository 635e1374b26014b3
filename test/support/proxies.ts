/** Real proxies on free ports that count what passes: HTTP CONNECT (RFC 9110, 9.3.6), the same over TLS, and SOCKS5 (RFC 1928, 1929). */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import type { ProxyConfig } from "../../src/api/session-info.js";

/** How a proxy behaves. */
export interface ProxyOptions {
  readonly username?: string;
  readonly password?: string;
  /** Connects elsewhere than asked: `host:port` in, `host:port` out. */
  readonly route?: (target: string) => string;
}

/** A key and a certificate for localhost, signed by itself. */
export async function selfSigned(): Promise<{ readonly key: Buffer; readonly cert: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-proxy-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
    await promisify(execFile)("openssl", [...request, "-keyout", key, "-out", cert]);
    return { key: await readFile(key), cert: await readFile(cert) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An HTTPS server on a free port that signs for itself. */
export class LocalHttps implements AsyncDisposable {
  readonly #server: HttpServer;

  private constructor(server: HttpServer) {
    this.#server = server;
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse) => unknown,
  ): Promise<LocalHttps> {
    const server = createHttpsServer(
      await selfSigned(),
      (request, response) => void answer(request, response),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LocalHttps(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A running proxy. */
export class TestProxy implements AsyncDisposable {
  /** `host:port` of every connection that was let through. */
  readonly targets: string[] = [];
  /** The local ports of the connections to the targets. */
  readonly ports = new Set<number>();
  /** Bytes that passed, in both directions. */
  bytes = 0;
  /** Connections that were refused for their credentials. */
  refused = 0;
  readonly #sockets = new Set<Duplex>();
  readonly #options: ProxyOptions;
  readonly #server: Server | HttpServer;
  #port = 0;

  private constructor(
    readonly protocol: "http" | "https" | "socks5",
    options: ProxyOptions,
    make: (proxy: TestProxy) => Server | HttpServer,
  ) {
    this.#options = options;
    this.#server = make(this);
    this.#server.on("connection", (socket: Socket) => this.#track(socket));
  }

  static async http(options: ProxyOptions = {}): Promise<TestProxy> {
    const proxy = new TestProxy("http", options, (self) =>
      createHttpServer().on("connect", (request, socket) => self.#onConnect(request, socket)),
    );
    return proxy.revive();
  }

  static async https(options: ProxyOptions = {}): Promise<TestProxy> {
    const certificate = await selfSigned();
    const proxy = new TestProxy("https", options, (self) =>
      createHttpsServer(certificate).on("connect", (request, socket) => self.#onConnect(request, socket)),
    );
    return proxy.revive();
  }

  static async socks5(options: ProxyOptions = {}): Promise<TestProxy> {
    const proxy = new TestProxy("socks5", options, (self) =>
      createServer((socket) => void self.#onSocks(socket).catch(() => socket.destroy())),
    );
    return proxy.revive();
  }

  /** What a session is configured with. */
  get config(): ProxyConfig & { readonly port: number } {
    const { username, password } = this.#options;
    return {
      protocol: this.protocol,
      host: "127.0.0.1",
      port: this.#port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection and refuses new ones. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Listens, on the same port as before. */
  async revive(): Promise<this> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #onConnect(request: IncomingMessage, client: Duplex): void {
    const { username, password } = this.#options;
    const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    if (username !== undefined && request.headers["proxy-authorization"] !== wanted) {
      this.refused += 1;
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#tunnel(request.url ?? "", client, (ok) =>
      ok
        ? "HTTP/1.1 200 Connection Established\r\n\r\n"
        : "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    );
  }

  async #onSocks(client: Socket): Promise<void> {
    const reader = bytesOf(client);
    const { username, password } = this.#options;
    const [, methods = 0] = await reader(2);
    const offered = await reader(methods);
    const method = username === undefined ? 0 : 2;
    if (!offered.includes(method)) {
      this.refused += 1;
      return void client.end(Buffer.from([5, 0xff]));
    }
    client.write(Buffer.from([5, method]));
    if (method === 2) {
      const [, nameLength = 0] = await reader(2);
      const name = (await reader(nameLength)).toString();
      const [length = 0] = await reader(1);
      const word = (await reader(length)).toString();
      const ok = name === username && word === password;
      if (!ok) this.refused += 1;
      client.write(Buffer.from([1, ok ? 0 : 1]));
      if (!ok) return void client.end();
    }
    const [, , , kind = 0] = await reader(4);
    const host =
      kind === 1 ? [...(await reader(4))].join(".") : (await reader((await reader(1))[0] ?? 0)).toString();
    const port = (await reader(2)).readUInt16BE();
    client.removeAllListeners("readable");
    this.#tunnel(`${host}:${port}`, client, (ok) => Buffer.from([5, ok ? 0 : 5, 0, 1, 0, 0, 0, 0, 0, 0]));
  }

  #tunnel(asked: string, client: Duplex, answer: (ok: boolean) => string | Buffer): void {
    const [host = "", port = ""] = (this.#options.route?.(asked) ?? asked).split(/:(?=\d+$)/);
    const target = connect(Number(port), host);
    this.#track(target);
    target.once("error", () => client.end(answer(false)));
    target.once("connect", () => {
      target.removeAllListeners("error").on("error", () => client.destroy());
      this.targets.push(asked);
      this.ports.add(target.localPort ?? 0);
      client.write(answer(true));
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        from.on("data", (chunk: Buffer) => (this.bytes += chunk.length));
        from.pipe(to);
        from.once("close", () => to.destroy());
      }
    });
  }
}

/** Reads so many bytes, waiting for them. */
function bytesOf(socket: Socket): (count: number) => Promise<Buffer> {
  return async (count) => {
    for (;;) {
      const chunk = (count === 0 ? Buffer.alloc(0) : socket.read(count)) as Buffer | null;
      if (chunk !== null) return chunk;
      await once(socket, "readable");
    }
  };
}
