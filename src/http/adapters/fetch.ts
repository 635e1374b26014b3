/** From a fetch `Request` to the core and back to a `Response`. */
import { bodyIncomplete, bodyTooLarge, declaredBytes } from "../protocol/body.js";
import { type HttpCore, notFound } from "../core.js";
import type { BodyBounds, PlainRequest, PlainResponse, RawBody } from "../protocol/message.js";

/** A handler for runtimes that speak fetch. It needs no `this`. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Statuses whose `Response` may have no body. */
const BODILESS = 204;

/** Makes the fetch bridge of a core. Its promise never rejects. */
export function createFetchBridge(core: HttpCore): FetchHandler {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const inner = core.inside(pathname);
    const { method } = request;
    if (inner === undefined) return toResponse(notFound(method, pathname), method);
    return toResponse(await core.handle(toPlain(request, inner, pathname, search)), method);
  };
}

function toPlain(request: Request, path: string, originalPath: string, search: string): PlainRequest {
  return {
    method: request.method,
    path,
    originalPath,
    query: search.slice(1),
    header: (name) => request.headers.get(name) ?? undefined,
    readBody: (bounds) => readFetchBody(request, bounds),
  };
}

function toResponse({ status, headers, body, stream }: PlainResponse, method: string): Response {
  if (status === BODILESS || method === "HEAD") return new Response(null, { status, headers });
  const content = stream === undefined ? (body as string) : toReadable(stream);
  return new Response(content, { status, headers });
}

/** Pulls as the reader reads. */
function toReadable(stream: NonNullable<PlainResponse["stream"]>): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const pieces = stream(gone.signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      gone.abort();
      await pieces.return();
    },
  });
}

async function readFetchBody(request: Request, { limitBytes, signal }: BodyBounds): Promise<RawBody> {
  if (request.bodyUsed) {
    throw new Error(
      "The body of the Request was read before the handler got it; hand it a clone made before",
    );
  }
  if (declaredBytes(request.headers.get("content-length")) > limitBytes) throw bodyTooLarge();
  if (request.body === null) return { kind: "bytes", bytes: new Uint8Array() };
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return { kind: "bytes", bytes: await collect(reader, limitBytes) };
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limitBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await reader.read().catch(() => {
      throw bodyIncomplete();
    });
    if (next.done) return Buffer.concat(chunks, size);
    size += next.value.byteLength;
    if (size > limitBytes) throw bodyTooLarge();
    chunks.push(next.value);
  }
}
