/** An existing client of the contract: plain fetch, a key in a header, polling. */
import { setTimeout as sleep } from "node:timers/promises";

/** Between two polls; the contract's clients take 2 s, the emulator is quicker than a person. */
const POLL_MS = 100;

/** Calls one server's `/sessions` routes. */
export class DemoClient {
  constructor(
    readonly url: string,
    readonly apiKey: string,
  ) {}

  /** One call; rejects when the status is not a success. */
  async call(
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: object,
  ): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/sessions${path}`, {
      method,
      headers: { "content-type": "application/json", "x-api-key": this.apiKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${String(answer["message"])}`);
    return answer;
  }

  /** Calls GET until the answer passes. Rejects after `timeoutMs`. */
  async poll(
    path: string,
    passes: (answer: Record<string, unknown>) => boolean,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Record<string, unknown>> {
    const until = Date.now() + options.timeoutMs;
    for (;;) {
      const answer = await this.call("GET", path);
      if (passes(answer)) return answer;
      if (Date.now() > until)
        throw new Error(`GET ${path} did not return what was expected within ${options.timeoutMs} ms`);
      await sleep(POLL_MS, undefined, { signal: options.signal });
    }
  }
}
