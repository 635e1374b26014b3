/** The body of a fetch `Request`. */
import {
  bodyIncomplete,
  bodyTooLarge,
  declaredBytes,
  DISCARD_LIMIT_BYTES,
  formReadBefore,
} from "../protocol/body.js";
import type { BodyBounds, RawBody } from "../protocol/message.js";
import { untilAborted } from "../protocol/settled-within.js";

/** How long the rest of a form may take that nobody needs, in milliseconds. */
const DISCARD_MS = 5_000;

/** Reads the body of a request. Rejects when it is over the limit, when the client disconnects before its end, and when the signal is aborted. */
export async function readFetchBody(request: Request, { limitBytes, signal }: BodyBounds): Promise<RawBody> {
  if (request.bodyUsed) {
    throw new Error("The body of the Request was read before the handler ran; pass a clone made before");
  }
  if (declaredBytes(request.headers.get("content-length")) > limitBytes) throw bodyTooLarge();
  if (request.body === null) return { kind: "bytes", bytes: new Uint8Array() };
  const reader = request.body.getReader();
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
    const next = await nextOf(reader);
    if (next.done) return Buffer.concat(chunks, size);
    size += next.value.byteLength;
    if (size > limitBytes) throw bodyTooLarge();
    chunks.push(next.value);
  }
}

/** Hands over the body of a request piece by piece, as `HttpRequest.pipeBody` does. */
export async function pipeFetchBody(
  request: Request,
  take: (piece: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (request.bodyUsed) throw formReadBefore();
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const next = await untilAborted(nextOf(reader), signal);
      if (next.done) return;
      await take(next.value);
    }
  } finally {
    void discard(reader);
  }
}

function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>) {
  return reader.read().catch(() => {
    throw bodyIncomplete();
  });
}

/**
 * Reads and drops what is left of a body. Not all that serve fetch can do that once somebody has begun to read: `@hono/node-server` would end
 * the connection, with the client's next request on it. Never rejects.
 */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const stop = (): void => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(stop, DISCARD_MS);
  try {
    for (let bytes = 0; bytes <= DISCARD_LIMIT_BYTES;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
  } catch {
    // The client has left.
  } finally {
    clearTimeout(timer);
    stop();
  }
}
