/** A dispatcher for `fetch`, which has no agents: requests for the emulator's media host go there, all others as always. */
import { request as requestHttps } from "node:https";
import { Readable, pipeline } from "node:stream";
import { MediaAgent } from "./media-agent.js";

/** The request that `fetch` passes on. */
interface DispatchOptions {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array | string | null;
}

/** The callbacks of `fetch` for the answer. */
interface DispatchHandler {
  onConnect(abort: (reason?: Error) => void): void;
  onHeaders(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: Buffer[]): void;
  onError(error: Error): void;
}

/** Where Node keeps the dispatcher that `fetch` uses otherwise. */
const GLOBAL_DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/** What `fetch` takes as its `dispatcher`. */
class MediaDispatcher {
  readonly #agent: MediaAgent;

  constructor(agent: MediaAgent) {
    this.#agent = agent;
  }

  /** Called by `fetch`. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const url = new URL(options.path, options.origin);
    if (!this.#agent.serves(url)) return otherwise().dispatch(options, handler);
    const { method } = options;
    const request = requestHttps(url, { method, headers: plainHeaders(options.headers), agent: this.#agent });
    handler.onConnect((reason) => void request.destroy(reason));
    request.on("error", (error) => handler.onError(error));
    request.on("response", (response) => {
      const { statusCode = 0, statusMessage = "", rawHeaders } = response;
      const headers = rawHeaders.map((text) => Buffer.from(text, "latin1"));
      response.on("error", (error) => handler.onError(error));
      response.on("data", (chunk: Buffer) => {
        if (!handler.onData(chunk)) response.pause();
      });
      response.on("end", () => handler.onComplete([]));
      if (!handler.onHeaders(statusCode, headers, () => void response.resume(), statusMessage))
        response.pause();
    });
    const { body } = options;
    if (body == null) request.end();
    // An error destroys the request, which says so.
    else pipeline(typeof body === "string" ? [body] : Readable.from(body), request, () => {});
    return true;
  }
}

/** An agent that is a dispatcher, too: some libraries have one option for both, and Baileys 7.0.0-rc.9 uploads by `fetch` with it. */
export class DispatchingAgent extends MediaAgent {
  readonly #dispatcher = new MediaDispatcher(this);

  /** Called by `fetch`. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.#dispatcher.dispatch(options, handler);
  }
}

function otherwise(): Pick<MediaDispatcher, "dispatch"> {
  return (globalThis as unknown as Record<symbol, Pick<MediaDispatcher, "dispatch">>)[
    GLOBAL_DISPATCHER
  ] as Pick<MediaDispatcher, "dispatch">;
}

/** A flat list of names and values, or an object. */
function plainHeaders(headers: DispatchOptions["headers"] = {}): Record<string, string> {
  if (!Array.isArray(headers)) return { ...(headers as Readonly<Record<string, string>>) };
  const flat = headers as readonly string[];
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""] as const] : [])),
  );
}
