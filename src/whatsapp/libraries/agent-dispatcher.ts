/**
 * Lets Node's `fetch` use an `http.Agent`. Baileys 7 downloads media with `fetch`, which has no agent option, so its downloads would
 * bypass the session's proxy. A request that this can't send fails; none is sent directly instead.
 */
import { request as requestHttp, type Agent, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";

/** The request that `fetch` passes to its dispatcher. */
interface DispatchOptions {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: unknown;
}

/** The callbacks of `fetch` for the response. */
interface DispatchHandler {
  onConnect(abort: (reason?: Error) => void): void;
  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: Buffer[]): void;
  onError(error: Error): void;
}

/** Returns a `dispatcher` for `fetch` that uses the agent. Sends requests without a body only. */
export function dispatcherOver(agent: Agent): {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
} {
  return {
    dispatch: (options, handler) => {
      if (options.body !== null && options.body !== undefined) {
        handler.onError(new Error("only requests without a body can use the session's proxy"));
        return true;
      }
      const target = new URL(options.path, options.origin);
      const send = target.protocol === "https:" ? requestHttps : requestHttp;
      const request = send(target, { agent, method: options.method, headers: headersOf(options.headers) });
      handler.onConnect((reason) => request.destroy(reason));
      request.on("response", (response) => forward(response, handler));
      request.on("error", (error) => handler.onError(error));
      request.end();
      return true;
    },
  };
}

function forward(response: IncomingMessage, handler: DispatchHandler): void {
  const resume = (): void => void response.resume();
  const headers = response.rawHeaders.map((text) => Buffer.from(text, "latin1"));
  response.on("data", (chunk: Buffer) => {
    if (!handler.onData(chunk)) response.pause();
  });
  response.on("end", () => handler.onComplete([]));
  response.on("error", (error) => handler.onError(error));
  if (!handler.onHeaders(response.statusCode ?? 0, headers, resume, response.statusMessage ?? ""))
    response.pause();
}

function headersOf(headers: DispatchOptions["headers"] = {}): Record<string, string> {
  if (!Array.isArray(headers)) return { ...(headers as Readonly<Record<string, string>>) };
  const pairs = headers as readonly string[];
  return Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? ""] as const] : [])),
  );
}
