/** One call over HTTP: the request, its deadline, and what comes of it. */
import type { ErrorResponse } from "../http/contract/schemas.js";
import { ZpwootClientError } from "./error.js";
import type { CallOptions, ZpwootClientOptions } from "./options.js";

const TIMEOUT_MS = 30_000;

/** A request as the client's methods put it. */
export interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base URL, percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
}

/** Sends calls to one server. */
export class Wire {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #fetch: (request: Request) => Promise<Response>;

  constructor({ baseUrl, apiKey, timeoutMs = TIMEOUT_MS, fetch }: ZpwootClientOptions) {
    this.#base = checkedBase(baseUrl);
    this.#headers = {
      accept: "application/json",
      ...(apiKey === undefined ? {} : { "x-api-key": checkedKey(apiKey) }),
    };
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch ?? ((request) => globalThis.fetch(request));
  }

  /** The body of success. Rejects with a {@link ZpwootClientError}. */
  async send<Answer>(call: Call, options: CallOptions = {}): Promise<Answer> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const ending = new AbortController();
    const abort = (): void => ending.abort();
    const timer = setTimeout(abort, timeoutMs);
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();
    try {
      const answer = await this.#fetch(this.#request(call, ending.signal));
      return await bodyOf<Answer>(answer);
    } catch (error) {
      if (error instanceof ZpwootClientError) throw error;
      throw this.#failure(error, options.signal, ending.signal, timeoutMs);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /** The text of an answer that goes on. Rejects with a {@link ZpwootClientError}; the text itself with what broke it. */
  async open(
    path: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<string>> {
    let answer: Response;
    try {
      const request = this.#request({ method: "GET", path }, signal);
      request.headers.set("accept", "text/event-stream");
      if (lastEventId !== undefined) request.headers.set("last-event-id", lastEventId);
      answer = await this.#fetch(request);
    } catch (error) {
      throw this.#failure(error, signal, signal, Infinity);
    }
    if (!answer.ok) await bodyOf(answer);
    const type = answer.headers.get("content-type") ?? "";
    if (answer.body === null || !type.startsWith("text/event-stream")) throw notOurs(answer.status);
    return answer.body.pipeThrough(new TextDecoderStream());
  }

  #request({ method, path, body }: Call, signal: AbortSignal): Request {
    return new Request(`${this.#base}${path}`, {
      method,
      signal,
      headers: body === undefined ? this.#headers : { ...this.#headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  #failure(
    cause: unknown,
    asked: AbortSignal | undefined,
    ended: AbortSignal,
    timeoutMs: number,
  ): ZpwootClientError {
    if (asked?.aborted) return new ZpwootClientError("aborted", "The call was aborted", { cause });
    if (ended.aborted) return new ZpwootClientError("timeout", `No answer within ${timeoutMs} ms`, { cause });
    return new ZpwootClientError("unreachable", `No answer from ${this.#base}`, { cause });
  }
}

async function bodyOf<Answer>(answer: Response): Promise<Answer> {
  const { status } = answer;
  const text = await answer.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw notOurs(status);
  }
  if (answer.ok) return body as Answer;
  const { message } = (body ?? {}) as Partial<ErrorResponse>;
  if (message === undefined) throw notOurs(status);
  const details = typeof message === "string" ? [message] : message;
  throw new ZpwootClientError("refused", details.join("; "), { status, details });
}

function notOurs(status: number): ZpwootClientError {
  const text = `The answer (status ${status}) is not of a zpwoot server: is baseUrl right?`;
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

/** What a header can't carry would fail at the first call, with the key in the message. */
function checkedKey(apiKey: string): string {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError("apiKey must be visible ASCII without spaces");
  return apiKey;
}
