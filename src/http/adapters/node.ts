/** Node's own server, and every framework on it: from its request and response straight to the core, without a fetch `Request`. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { type HttpCore, notFound } from "../core.js";
import type { BodyStream, HttpError, HttpRequest, HttpResponse } from "../protocol/message.js";
import { discardBody, pipeNodeBody, readNodeBody } from "./node-body.js";

/** Passes a request on to the next handler, as Express middleware does. */
export type Next = (error?: unknown) => unknown;

/**
 * A handler for node:http and for every framework on it. It settles when the response has been handed to Node (or when
 * `next` settles), and rejects only if `next` does. It needs no `this`.
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: Next) => Promise<void>;

/** What frameworks and body parsers add to a request. */
export type FrameworkRequest = IncomingMessage & {
  originalUrl?: string;
  body?: unknown;
  /** The client's address, as Express makes it out. */
  readonly ip?: unknown;
};

/** `OPTIONS *` and absolute URLs are request targets too; of an absolute URL only the path counts, never the host. */
const ORIGIN_OF_ABSOLUTE_TARGET = /^https?:\/\/[^/?]*/i;

/**
 * Makes the Node handler of a core.
 *
 * @example
 * http.createServer(handler.node).listen(3000);
 * app.use("/api", handler.node); // Express
 */
export function createNodeHandler(core: HttpCore): NodeHandler {
  return async (request, response, next) => {
    const converted = toRequest(request, core);
    if (converted !== undefined) {
      send(request, response, await core.handle(converted));
    } else if (next !== undefined) {
      await next();
    } else {
      send(request, response, notFoundFor(request));
    }
  };
}

/** Answers a request that failed before it reached the handler. Returns false, and does nothing, when its path is not the handler's. */
export function sendError(
  core: HttpCore,
  error: HttpError,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const converted = toRequest(request, core);
  if (converted === undefined) return false;
  // Never rejects.
  void core.answerFailed(converted, error).then((answer) => send(request, response, answer));
  return true;
}

/** The answer to a path that is not the handler's. */
export function notFoundFor(request: IncomingMessage): HttpResponse {
  return notFound(methodOf(request), originalTarget(request).path);
}

interface Target {
  readonly path: string;
  readonly query: string;
}

function originalTarget(request: FrameworkRequest): Target {
  return splitTarget(request.originalUrl ?? request.url);
}

/**
 * Splits by hand: a URL parser would take the `//evil.com` of `GET //evil.com/sessions/list` for a host, and needs the
 * Host header, which may be anything.
 */
function splitTarget(target = "/"): Target {
  const relative = target.startsWith("/") ? target : target.replace(ORIGIN_OF_ABSOLUTE_TARGET, "");
  const mark = relative.indexOf("?");
  if (mark === -1) return { path: relative, query: "" };
  return { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
}

function methodOf(request: IncomingMessage): string {
  return request.method ?? "GET";
}

/** The request as the core takes it; undefined for a path that is not the handler's. `ip` is the client's address as the framework knows it. */
export function toRequest(
  request: FrameworkRequest,
  core: HttpCore,
  ip: unknown = request.ip,
): HttpRequest | undefined {
  const target = splitTarget(request.url);
  const original = originalTarget(request);
  // Express removes a mount path from `url`. The rest may be ours; mounted at `/sessions`, only the whole path is.
  const path = core.pathBelowBase(target.path) ?? core.pathBelowBase(original.path);
  if (path === undefined) return undefined;
  return {
    method: methodOf(request),
    path,
    originalPath: original.path,
    query: target.query,
    peer: request.socket.remoteAddress,
    address: typeof ip === "string" ? ip : request.socket.remoteAddress,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    readBody: (bounds) => readNodeBody(request, bounds),
    pipeBody: (take, signal) => pipeNodeBody(request, take, signal),
  };
}

/** Sends nothing when the host has answered meanwhile (its own time-out, say) or the client has disconnected. */
function send(request: IncomingMessage, response: ServerResponse, answer: HttpResponse): void {
  discardBody(request);
  if (isAnswered(response)) return answer.discard?.();
  try {
    response.writeHead(answer.status, headersOf(request, answer));
    if (answer.stream === undefined || request.method === "HEAD") response.end(answer.body);
    else void sendStream(response, answer.stream);
  } catch {
    // A hook of the host's on the response threw: half an answer is worse than none.
    answer.discard?.();
    response.destroy();
  }
}

/** Whether the host has answered meanwhile, or the client has disconnected. */
export function isAnswered(response: ServerResponse): boolean {
  return response.headersSent || response.writableEnded || response.destroyed;
}

/** A body as a stream of Node's, for frameworks that send it themselves. Ends with the connection. */
export function toNodeStream(response: ServerResponse, stream: BodyStream): Readable {
  const disconnected = new AbortController();
  response.once("close", () => disconnected.abort());
  return Readable.from(stream(disconnected.signal), { objectMode: false });
}

/** The headers of an answer for frameworks that count its bytes themselves. HTTP/2 has no `connection`, and refuses it. */
export function frameworkHeaders(
  request: IncomingMessage,
  { headers, closeConnection }: HttpResponse,
): Readonly<Record<string, string>> {
  const closes = closeConnection === true && request.httpVersionMajor === 1;
  return closes ? { ...headers, connection: "close" } : headers;
}

/** Sends pieces as they come and as the client reads them, until they or the connection end. Never rejects. */
async function sendStream(response: ServerResponse, stream: BodyStream): Promise<void> {
  const disconnected = new AbortController();
  response.once("close", () => disconnected.abort());
  response.on("error", () => disconnected.abort());
  try {
    response.flushHeaders();
    for await (const piece of stream(disconnected.signal)) {
      if (disconnected.signal.aborted) return;
      if (!response.write(piece)) await once(response, "drain", { signal: disconnected.signal });
    }
    response.end();
  } catch {
    // The client has disconnected, or the stream failed: then the client reconnects and gets the error.
    response.destroy();
  } finally {
    disconnected.abort();
  }
}

function headersOf(request: IncomingMessage, answer: HttpResponse) {
  const { body, stream } = answer;
  return {
    ...frameworkHeaders(request, answer),
    ...(body.length === 0 || stream !== undefined ? {} : { "content-length": Buffer.byteLength(body) }),
  };
}
