/** An HTTPS agent for clients: it reaches the emulator's media host under WhatsApp's names, and looks none of them up. */
import { Agent } from "node:https";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

/** Where the media host is. */
export interface MediaAgentOptions {
  /** `https://<host>:<port>`. */
  readonly origin: () => string;
  /** PEM. */
  readonly certificate: () => string;
}

const WHATSAPP = /(^|\.)whatsapp\.net$/u;

/** Keeps no connection alive. */
export class MediaAgent extends Agent {
  readonly #options: MediaAgentOptions;

  constructor(options: MediaAgentOptions) {
    super({ keepAlive: false });
    this.#options = options;
  }

  /** What it trusts, as PEM. */
  get certificate(): string {
    return this.#options.certificate();
  }

  /** Whether a URL leads to the media host. */
  serves(url: URL): boolean {
    return WHATSAPP.test(url.hostname) || url.origin === this.#options.origin();
  }

  /** Called by Node for each connection. */
  override createConnection(
    ...args: Parameters<Agent["createConnection"]>
  ): ReturnType<Agent["createConnection"]> {
    const [options] = args as unknown as readonly [ConnectionOptions];
    const { host = "localhost", port = 443 } = options;
    const { hostname, port: ownPort } = new URL(this.#options.origin());
    const own = host === hostname && Number(port) === Number(ownPort);
    if (!own && !WHATSAPP.test(host)) return super.createConnection(...args);
    const secure: TLSSocket = connect({
      ...options,
      host: hostname,
      port: Number(ownPort),
      ca: this.certificate,
      ...(own ? {} : { servername: host }),
    });
    return secure;
  }
}
