/** One call over HTTP: the request, its deadline, and the response or the error. */
import type { ErrorResponse } from "../http/contract/schemas.js";
import { ZpwootClientError } from "./error.js";
import { type CallOptions, checkNames, type ZpwootClientOptions } from "./options.js";

const TIMEOUT_MS = 30_000;

/** A request of one of the client's methods. */
export interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base URL, percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** In place of `body`: one that is no JSON. */
  readonly raw?: CallBody;
}

/** A body as it is sent. */
export interface CallBody {
  readonly contentType: string;
  readonly body: Blob | ReadableStream<Uint8Array>;
}

/** The path of a session's route, from its parts. */
export function at(id: string, ...parts: readonly string[]): string {
  return ["/sessions", ...[id, ...parts].map((part) => encodeURIComponent(part))].join("/");
}

/** Sends calls to one server. */
export class Wire {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #fetch: (request: Request) => Promise<Response>;

  constructor(options: ZpwootClientOptions) {
    checkNames("client", options);
    const { baseUrl, apiKey, timeoutMs = TIMEOUT_MS, fetch } = options;
    this.#base = checkedBase(baseUrl);
    this.#headers = {
      accept: "application/json",
      ...(apiKey === undefined ? {} : { "x-api-key": checkedKey(apiKey) }),
    };
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch ?? ((request) => globalThis.fetch(request));
  }

  /** Sends a request and settles with the body of success. Rejects with a {@link ZpwootClientError}. */
  async send<Body>(call: Call, options: CallOptions = {}): Promise<Body> {
    checkNames("call", options);
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const deadline = new AbortController();
    const abort = (): void => deadline.abort();
    const timer = setTimeout(abort, timeoutMs);
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();
    try {
      const response = await this.#fetch(this.#request(call, deadline.signal));
      return await bodyOf<Body>(response);
    } catch (error) {
      if (error instanceof ZpwootClientError) throw error;
      throw this.#failure(error, options.signal, deadline.signal, timeoutMs);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Opens a stream and settles with its text. Rejects with a {@link ZpwootClientError}; the text itself fails with the error that broke it.
   */
  async open(
    path: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<string>> {
    let response: Response;
    try {
      const request = this.#request({ method: "GET", path }, signal);
      request.headers.set("accept", "text/event-stream");
      if (lastEventId !== undefined) request.headers.set("last-event-id", lastEventId);
      response = await this.#fetch(request);
    } catch (error) {
      throw this.#failure(error, signal, signal, Infinity);
    }
    if (!response.ok) await bodyOf(response);
    const type = response.headers.get("content-type") ?? "";
    if (response.body === null || !type.startsWith("text/event-stream")) throw notZpwoot(response.status);
    return response.body.pipeThrough(new TextDecoderStream());
  }

  /**
   * Sends a request and settles with its answer when that starts, whatever it holds; the time-out ends then, the signal ends the body, too.
   * Rejects with a {@link ZpwootClientError}.
   */
  async download(call: Call, options: CallOptions = {}): Promise<Response> {
    checkNames("call", options);
    const { signal, timeoutMs = this.#timeoutMs } = options;
    const ending = new AbortController();
    const abort = (): void => ending.abort();
    const timer = setTimeout(abort, timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    let response: Response;
    try {
      response = await this.#fetch(this.#request(call, ending.signal));
    } catch (error) {
      throw this.#failure(error, signal, ending.signal, timeoutMs);
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) await bodyOf(response);
    if (response.body === null) throw notZpwoot(response.status);
    return response;
  }

  #request({ method, path, body, raw }: Call, signal: AbortSignal): Request {
    const contentType = raw?.contentType ?? (body === undefined ? undefined : "application/json");
    const sent = raw?.body ?? (body === undefined ? undefined : JSON.stringify(body));
    const init: RequestInit & { duplex?: "half" } = {
      ...{ method, signal },
      headers: contentType === undefined ? this.#headers : { ...this.#headers, "content-type": contentType },
      ...(sent === undefined ? {} : { body: sent }),
      // What fetch asks for with a stream.
      ...(sent instanceof ReadableStream ? { duplex: "half" } : {}),
    };
    return new Request(`${this.#base}${path}`, init);
  }

  #failure(
    cause: unknown,
    caller: AbortSignal | undefined,
    deadline: AbortSignal,
    timeoutMs: number,
  ): ZpwootClientError {
    if (caller?.aborted) return new ZpwootClientError("aborted", "The call was aborted", { cause });
    if (deadline.aborted)
      return new ZpwootClientError("timeout", `No response within ${timeoutMs} ms`, { cause });
    return new ZpwootClientError("unreachable", `No response from ${this.#base}`, { cause });
  }
}

async function bodyOf<Body>(response: Response): Promise<Body> {
  const { status } = response;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw notZpwoot(status);
  }
  if (response.ok) return body as Body;
  const { message } = (body ?? {}) as Partial<ErrorResponse>;
  if (message === undefined) throw notZpwoot(status);
  const details = typeof message === "string" ? [message] : message;
  throw new ZpwootClientError("refused", details.join("; "), { status, details });
}

function notZpwoot(status: number): ZpwootClientError {
  const text = `The response (status ${status}) is not from a zpwoot server: is baseUrl right?`;
  return new ZpwootClientError("not-zpwoot", text, { status });
}

function checkedBase(baseUrl: string | URL): string {
  const text = String(baseUrl);
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new TypeError("baseUrl must be an http:// or https:// URL");
  }
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new TypeError("baseUrl must contain neither credentials nor a query: pass the key as apiKey");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Checked here: `fetch` would reject an invalid header with the key in its message. */
function checkedKey(apiKey: string): string {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError("apiKey must be visible ASCII without spaces");
  return apiKey;
}
