/** A webhook receiver on a free port: answers as configured and records every request. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: {
    readonly id: string;
    readonly event: string;
    readonly sessionId: string;
    readonly sessionName: string;
    readonly timestamp: string;
    readonly data: never;
  };
}

/** How to answer: a status, one with headers, or not at all. */
export type Answer =
  number | { readonly status: number; readonly headers: Readonly<Record<string, string>> } | "hang";

/** A running receiver. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: (request: Received, index: number) => Answer = () => 204;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        const one: Received = { headers: request.headers, body, json: JSON.parse(body) as Received["json"] };
        const answer = receiver.answer(one, receiver.received.length);
        receiver.received.push(one);
        for (const resume of receiver.#waiting) resume();
        if (answer === "hang") return;
        const { status, headers } = typeof answer === "number" ? { status: answer, headers: {} } : answer;
        response.writeHead(status, headers).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Settles when the test passes. Rejects after the time. */
  async until(passes: (received: readonly Received[]) => boolean, timeoutMs = 5_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!passes(this.received)) {
      if (signal.aborted)
        throw new Error(`not received in time: ${this.received.map(({ json }) => json.event).join(", ")}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      this.#waiting.clear();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
