/** Fetch runtimes: from a `Request` to the core and back to a `Response`. */
import { type HttpCore, notFound } from "../core.js";
import type { BodyStream, HttpRequest, HttpResponse } from "../protocol/message.js";
import { pipeFetchBody, readFetchBody } from "./fetch-body.js";

/** What a fetch `Request` does not know. Frameworks pass objects of their own in its place, which are ignored. */
export interface FetchInfo {
  /** The other end of the connection, as the runtime knows it. */
  readonly address?: string | undefined;
}

/** A handler for runtimes with fetch. It never rejects and needs no `this`. */
export type FetchHandler = (request: Request, info?: FetchInfo | object) => Promise<Response>;

/** The status whose `Response` may have no body. */
const NO_CONTENT = 204;

/**
 * Makes the fetch handler of a core.
 *
 * @example
 * app.all("/sessions/*", (c) => handler.fetch(c.req.raw, { address: getConnInfo(c).remote.address })); // Hono
 * export const { fetch: GET, fetch: POST, fetch: PATCH, fetch: DELETE } = handler; // Next.js
 */
export function createFetchHandler(core: HttpCore): FetchHandler {
  return async (request, info) => {
    const { pathname, search } = new URL(request.url);
    const path = core.pathBelowBase(pathname);
    const { method } = request;
    if (path === undefined) return toResponse(notFound(method, pathname), method);
    return toResponse(
      await core.handle({ ...toRequest(request, path, pathname, search), ...addressesIn(info) }),
      method,
    );
  };
}

/** Of a runtime's argument, only an address in words is an address. */
function addressesIn(info: FetchInfo | object | undefined): Pick<HttpRequest, "peer" | "address"> {
  if (info === undefined || info === null || !("address" in info)) return {};
  const { address } = info;
  return typeof address === "string" ? { peer: address, address } : {};
}

function toRequest(request: Request, path: string, originalPath: string, search: string): HttpRequest {
  return {
    method: request.method,
    path,
    originalPath,
    query: search.slice(1),
    header: (name) => request.headers.get(name) ?? undefined,
    readBody: (bounds) => readFetchBody(request, bounds),
    pipeBody: (take, signal) => pipeFetchBody(request, take, signal),
  };
}

function toResponse({ status, headers, body, stream, discard }: HttpResponse, method: string): Response {
  if (status === NO_CONTENT || method === "HEAD") {
    discard?.();
    return new Response(null, { status, headers });
  }
  return new Response(stream === undefined ? toBody(body) : toReadable(stream), { status, headers });
}

/** Bytes are copied: a `Response` takes no view of memory that may be shared. */
function toBody(body: string | Uint8Array): string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" ? body : new Uint8Array(body);
}

/** Pulls pieces as the client reads them. */
function toReadable(stream: BodyStream): ReadableStream<Uint8Array> {
  const disconnected = new AbortController();
  const pieces = stream(disconnected.signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      let ended = true;
      try {
        const piece = await pieces.next();
        ended = piece.done === true;
        if (piece.done === true) controller.close();
        else controller.enqueue(typeof piece.value === "string" ? encoder.encode(piece.value) : piece.value);
      } catch (cause) {
        throw brokenOff(cause);
      } finally {
        // A stream that ended by itself (its key was revoked) must not go on waiting for the next event.
        if (ended) disconnected.abort();
      }
    },
    async cancel() {
      disconnected.abort();
      await pieces.return();
    },
  });
}

/**
 * What a body fails with. By the code of Node's own streams, since `@hono/node-server` ends the answer of any other properly, with the error's
 * text at its end: its client would take half a file for a whole one.
 */
function brokenOff(cause: unknown): Error {
  return Object.assign(new Error("The body broke off", { cause }), { code: "ERR_STREAM_PREMATURE_CLOSE" });
}
