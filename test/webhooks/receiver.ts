/** A webhook receiver on a free port: answers as told, remembers what came and how many connections brought it. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { WebhookPayload } from "../../src/events/payload.js";

/** A request that came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: WebhookPayload;
}

/** An answer with more than a status. */
interface FullAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sends the status and the body, and never the end. */
  readonly endless?: boolean;
}

/** How to answer: a status, more, not at all, or by breaking the connection. */
export type Answer = number | FullAnswer | "hang" | "reset";

/** A running receiver. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: (request: Received, index: number) => Answer = () => 204;
  /** Connections accepted so far. */
  connections = 0;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("connection", () => (receiver.connections += 1));
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const answer = receiver.#take(request.headers, Buffer.concat(chunks).toString());
        if (answer === "hang") return;
        if (answer === "reset") return request.socket.resetAndDestroy();
        const full: FullAnswer = typeof answer === "number" ? { status: answer } : answer;
        response.writeHead(full.status, { ...full.headers });
        if (full.endless === true) response.write(full.body ?? "…");
        else response.end(full.body);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Settles when the test passes. Rejects after the time. */
  async until(passes: (received: readonly Received[]) => boolean, timeoutMs = 5_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!passes(this.received)) {
      const restMs = deadline - performance.now();
      if (restMs <= 0) throw new Error(`not received in ${timeoutMs} ms; received: ${this.received.length}`);
      await this.#next(restMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #take(headers: IncomingHttpHeaders, body: string): Answer {
    const one: Received = { headers, body, json: JSON.parse(body) as WebhookPayload };
    const answer = this.answer(one, this.received.length);
    this.received.push(one);
    for (const resume of [...this.#waiting]) resume();
    return answer;
  }

  async #next(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }
}

/** Whether the standard's own library finds the request signed with the secret. */
export function isSigned({ body, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
