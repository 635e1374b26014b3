/** A client of the HTTP API as users write one: plain fetch, a key in a header, polling. */
import { setTimeout as sleep } from "node:timers/promises";

/** Pause between two polls. Real clients poll every 2 s; the emulator is faster than a person. */
const POLL_MS = 100;

/** A client of one server's `/sessions` routes. */
export class DemoClient {
  constructor(
    readonly url: string,
    readonly apiKey: string,
  ) {}

  /** Sends one request; rejects if the response is not successful. */
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
      throw new Error(`${method} ${path} failed with ${response.status}: ${String(answer["message"])}`);
    return answer;
  }

  /** Repeats a GET until the response passes. Rejects after `timeoutMs`. */
  async poll(
    path: string,
    passes: (answer: Record<string, unknown>) => boolean,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Record<string, unknown>> {
    const endsAt = Date.now() + options.timeoutMs;
    for (;;) {
      const answer = await this.call("GET", path);
      if (passes(answer)) return answer;
      if (Date.now() > endsAt) throw new Error(`timed out after ${options.timeoutMs} ms polling GET ${path}`);
      await sleep(POLL_MS, undefined, { signal: options.signal });
    }
  }
}
