/** From Node's request and response straight to the core: no `Request` is built on the way. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyMalformed, bodyTooLarge, bodyUnsupported } from "../protocol/body.js";
import { type HttpCore, notFound } from "../core.js";
import { discardRest, readNodeBody } from "./node-body.js";
import type { PlainRequest, PlainResponse, HttpError } from "../protocol/message.js";

/** Hands a request on to whoever comes next, as Express middleware does. */
export type Next = (error?: unknown) => unknown;

/**
 * A handler for node:http and for every framework on it. It settles when the answer is handed to the response (or when
 * `next` settles), and rejects only if `next` does. It needs no `this`.
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: Next) => Promise<void>;

/**
 * Express error middleware: a body that a parser before the handler refused (malformed, too large) is answered as the
 * contract says, and not with Express' HTML page. Every other error, and every other path, goes to `next`. It never
 * carries out a command.
 */
export type NodeErrorHandler = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/** `OPTIONS *` and absolute URLs are request targets too; of the latter only the path counts, never the host. */
const ORIGIN_OF_ABSOLUTE_TARGET = /^https?:\/\/[^/?]*/i;

/** Makes the node bridge of a core. */
export function createNodeBridge(core: HttpCore): NodeHandler {
  return async (request, response, next) => {
    const plain = toPlain(request, core);
    if (plain !== undefined) {
      send(request, response, await core.handle(plain));
    } else if (next !== undefined) {
      await next();
    } else {
      send(request, response, notFound(methodOf(request), originalTarget(request).path));
    }
  };
}

/** Makes the error middleware of a core. Express knows it by its four parameters. */
export function createNodeErrorBridge(core: HttpCore): NodeErrorHandler {
  return (error, request, response, next) => {
    const refusal = refusalOfParser(error);
    if (refusal === undefined || !sendRefusal(core, refusal, request, response)) next(error);
  };
}

/** Answers a request whose body somebody else refused; false, and nothing done, when its path belongs to others. */
export function sendRefusal(
  core: HttpCore,
  refusal: HttpError,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const plain = toPlain(request, core);
  if (plain === undefined) return false;
  // Never rejects.
  void core.refuse(plain, refusal).then((answer) => send(request, response, answer));
  return true;
}

/** What the body parsers of Express and Koa call their refusals. */
export function refusalOfParser(error: unknown): HttpError | undefined {
  switch ((error as { readonly type?: unknown } | null | undefined)?.type) {
    case "entity.parse.failed":
      return bodyMalformed();
    case "entity.too.large":
      return bodyTooLarge();
    case "encoding.unsupported":
      return bodyUnsupported("Content-Encoding is not supported");
    case "charset.unsupported":
      return bodyUnsupported("Content-Type charset must be utf-8");
    default:
      return undefined;
  }
}

function originalTarget(request: IncomingMessage): Target {
  return splitTarget((request as { readonly originalUrl?: string }).originalUrl ?? request.url);
}

interface Target {
  readonly path: string;
  readonly query: string;
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

/** Undefined for a path that belongs to others. */
function toPlain(request: IncomingMessage, core: HttpCore): PlainRequest | undefined {
  const target = splitTarget(request.url);
  const original = originalTarget(request);
  // Express takes a mount path off `url`: what is left may be ours, or only the whole may (mounted at `/sessions`).
  const path = core.inside(target.path) ?? core.inside(original.path);
  if (path === undefined) return undefined;
  return {
    method: methodOf(request),
    path,
    originalPath: original.path,
    query: target.query,
    address: request.socket.remoteAddress,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    readBody: (bounds) => readNodeBody(request, bounds),
  };
}

/** Says nothing where somebody else answered meanwhile (a time-out of the host's), or nobody is there any more. */
function send(request: IncomingMessage, response: ServerResponse, answer: PlainResponse): void {
  discardRest(request);
  if (response.headersSent || response.writableEnded || response.destroyed) return;
  try {
    response.writeHead(answer.status, headersOf(request, answer));
    if (answer.stream === undefined || request.method === "HEAD") response.end(answer.body);
    else void sendStream(response, answer.stream);
  } catch {
    // A hook of the host's on the response threw: half an answer is worse than none.
    response.destroy();
  }
}

/** Sends pieces as they come and as the reader takes them; ends with them or with the connection. Never rejects. */
async function sendStream(
  response: ServerResponse,
  stream: NonNullable<PlainResponse["stream"]>,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.on("error", () => gone.abort());
  try {
    response.flushHeaders();
    for await (const piece of stream(gone.signal)) {
      if (gone.signal.aborted) return;
      if (!response.write(piece)) await once(response, "drain", { signal: gone.signal });
    }
    response.end();
  } catch {
    // The reader is gone, or the events ended with an error: the reader connects again and is told then.
    response.destroy();
  } finally {
    gone.abort();
  }
}

function headersOf(request: IncomingMessage, { headers, body, stream, closeConnection }: PlainResponse) {
  return {
    ...headers,
    ...(body.length === 0 || stream !== undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    // HTTP/2 has no such header, and refuses it.
    ...(closeConnection === true && request.httpVersionMajor === 1 ? { connection: "close" } : {}),
  };
}
