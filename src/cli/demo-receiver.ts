/** A webhook receiver as users write one: verifies the signature with the Standard Webhooks library, then reads the event. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** A delivered event with a valid signature. */
export interface Delivery {
  readonly event: string;
  readonly data: unknown;
}

/** A receiver on a free port of this machine. */
export class DemoReceiver {
  /** The session's webhook secret. Until it is set deliveries are refused, and retried by the server. */
  secret: string | undefined;
  readonly #server: Server;
  readonly #seen = new Set<string>();
  readonly #deliveries: Delivery[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts to listen. */
  static async start(): Promise<DemoReceiver> {
    const server = createServer();
    const receiver = new DemoReceiver(server);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const accepted = receiver.#accept(Buffer.concat(chunks), request.headers as Record<string, string>);
        response.writeHead(accepted ? 204 : 400).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  /** The URL for the session's webhook. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhook`;
  }

  /** Waits for a delivery that passes, or returns one that is already there. Rejects after `timeoutMs`. */
  async waitFor(passes: (delivery: Delivery) => boolean, timeoutMs: number): Promise<Delivery> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = this.#deliveries.find(passes);
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const onTimeout = (): void =>
          reject(new Error(`timed out after ${timeoutMs} ms waiting for a webhook`));
        signal.addEventListener("abort", onTimeout, { once: true });
        this.#waiting.add(resolve);
      });
    }
  }

  /** Stops listening; settles when the port is free. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(body: Buffer, headers: Record<string, string>): boolean {
    if (this.secret === undefined) return false;
    try {
      const delivery = new Webhook(this.secret).verify(body.toString(), headers) as Delivery & {
        readonly id: string;
      };
      // Webhooks are delivered at least once; duplicates have the same id.
      if (!this.#seen.has(delivery.id)) this.#deliveries.push(delivery);
      this.#seen.add(delivery.id);
    } catch {
      return false;
    }
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
    return true;
  }
}
