/** One HTTP request to the outside, with an end to everything: time, size, redirects, and where it may go. */
import {
  request as requestHttp,
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { DeadlineError } from "../async/deadline.js";
import { endWhenIdle } from "./idle-agent.js";
import { boundInterim } from "./interim-answers.js";
import { guardedLookup, isPrivateHost, TargetRefusedError } from "./target-guard.js";

/** One request. */
export interface OutgoingRequest {
  readonly url: string;
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is destroyed when the request ends, whatever the end. */
  readonly body?: string | Uint8Array | Readable;
  /** The way out: a session's proxy. Default: direct. */
  readonly agent?: Agent | undefined;
  /** Whether private addresses may be connected to. Behind a proxy the proxy resolves names: only addresses in the URL are checked then. */
  readonly allowPrivate: boolean;
  /** Host names that may be connected to wherever they lead, for example those that WhatsApp named. */
  readonly trustedHosts?: ReadonlySet<string> | undefined;
  readonly lookup?: LookupFunction | undefined;
  /** Ends it at once. */
  readonly signal?: AbortSignal | undefined;
  readonly limits: RequestLimits;
}

/** The bounds of a request. */
export interface RequestLimits {
  /** From the start, or the last redirect, to the status line, in milliseconds. */
  readonly headersMs: number;
  /** The longest silence while a body is sent or received, in milliseconds; time that its reader takes does not count. */
  readonly idleMs: number;
  /** The whole, in milliseconds. */
  readonly totalMs: number;
  /** The largest body to receive, in bytes. */
  readonly maxBytes: number;
  /** Redirects to follow; each target is checked like the first. Default 0: a redirect is an answer like any other. */
  readonly redirects?: number;
}

/** What came back. Read the body, or {@link discard} it. */
export interface IncomingAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body, in pieces; throws a {@link TooLargeError}, a `DeadlineError` or the error of the connection. Read it once. */
  readonly body: AsyncIterable<Buffer>;
  /** Drops the rest of the answer, and the connection with it. Idempotent. */
  discard(): void;
}

/** An answer was larger than allowed. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";

  constructor(maxBytes: number) {
    super(`The answer is larger than ${maxBytes} bytes`);
  }
}

const MAX_HEADER_BYTES = 16 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends it; settles at the status line. Rejects with `TargetRefusedError`, a `DeadlineError`, the reason of the signal, or the error of
 * the connection. The connection is closed on every end but an answer, and then when its body was read or discarded.
 *
 * @example
 * const answer = await sendRequest({ url, allowPrivate: false, limits });
 * const bytes = await readAll(answer);
 */
export async function sendRequest(outgoing: OutgoingRequest): Promise<IncomingAnswer> {
  const deadline = new Deadline(outgoing);
  try {
    let url = new URL(outgoing.url);
    for (let left = outgoing.limits.redirects ?? 0; ; left -= 1) {
      const response = await exchange(url, outgoing, deadline);
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (left <= 0 || location === undefined || !REDIRECTS.has(status))
        return answerOf(response, outgoing.limits, deadline);
      response.destroy();
      url = new URL(location, url);
    }
  } catch (error) {
    deadline.clear();
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  }
}

/** The whole body. Throws as `IncomingAnswer.body` does. */
export async function readAll(answer: IncomingAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What ends a request early: the total time-out, the caller's signal, or a failure that is recorded here. */
class Deadline {
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  readonly #forward = (): void => this.end(this.#outer?.reason);

  constructor({ limits, signal }: OutgoingRequest) {
    this.#outer = signal;
    this.#timer = setTimeout(
      () => this.end(new DeadlineError("The other side", limits.totalMs)),
      limits.totalMs,
    );
    signal?.addEventListener("abort", this.#forward, { once: true });
    if (signal?.aborted === true) this.#forward();
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  end(reason: unknown): void {
    this.#ending.abort(reason);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#forward);
  }
}

function isTrusted(url: URL, { allowPrivate, trustedHosts }: OutgoingRequest): boolean {
  return allowPrivate || trustedHosts?.has(url.hostname) === true;
}

/** Refuses what the URL itself says; names are checked when they are resolved. */
function checkUrl(url: URL, outgoing: OutgoingRequest): void {
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TargetRefusedError();
  if (!isTrusted(url, outgoing) && isPrivateHost(url.hostname)) throw new TargetRefusedError();
}

function optionsOf(url: URL, outgoing: OutgoingRequest): RequestOptions {
  const { agent, lookup, method = "GET", headers = {} } = outgoing;
  const resolver = isTrusted(url, outgoing) ? lookup : guardedLookup(lookup);
  return {
    method,
    headers,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Without one, a connection of its own, which is closed after the answer: nothing outlives its request.
    agent: agent ?? false,
    ...(resolver === undefined ? {} : { lookup: resolver }),
  };
}

/** One hop. */
function exchange(url: URL, outgoing: OutgoingRequest, deadline: Deadline): Promise<IncomingMessage> {
  checkUrl(url, outgoing);
  const { signal } = deadline;
  signal.throwIfAborted();
  const { body, limits } = outgoing;
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const request = send(url, optionsOf(url, outgoing));
  return new Promise((resolve, reject) => {
    const late = (timeoutMs: number) => (): void =>
      deadline.end(new DeadlineError("The other side", timeoutMs));
    const timer = setTimeout(late(limits.headersMs), limits.headersMs);
    const abort = (): void => {
      const reason = errorOf(signal.reason);
      reject(reason);
      request.destroy(reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    boundInterim(request, (error) => deadline.end(error));
    request.once("socket", (socket) => endWhenIdle(socket, limits.idleMs, late(limits.idleMs)));
    // Stays: a request that was answered may still fail, and an unheard error would end the process.
    request.on("error", reject);
    request.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      reject(new Error("The other side closed the connection"));
    });
    request.once("response", (response) => {
      clearTimeout(timer);
      response.on("error", () => {});
      resolve(response);
    });
    sendBody(request, body, (error) => deadline.end(error));
  });
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function sendBody(
  request: ClientRequest,
  body: OutgoingRequest["body"],
  fail: (error: unknown) => void,
): void {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    request.end(body);
    return;
  }
  body.once("error", fail);
  request.once("close", () => body.destroy());
  body.pipe(request);
}

function answerOf(response: IncomingMessage, limits: RequestLimits, deadline: Deadline): IncomingAnswer {
  response.once("close", () => deadline.clear());
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: bounded(response, limits, deadline),
    discard: () => void response.destroy(),
  };
}

async function* bounded(
  response: IncomingMessage,
  { maxBytes, idleMs }: RequestLimits,
  deadline: Deadline,
): AsyncGenerator<Buffer, void, undefined> {
  const announced = Number(response.headers["content-length"] ?? 0);
  try {
    if (announced > maxBytes) throw new TooLargeError(maxBytes);
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new TooLargeError(maxBytes);
      // The other side is not silent while its reader takes time.
      response.setTimeout(0);
      yield chunk;
      response.setTimeout(idleMs);
    }
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    response.destroy();
  }
}
