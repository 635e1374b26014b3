/** The body of a Node request: read by us, or by a body parser that came first. */
import type { IncomingMessage } from "node:http";
import { bodyIncomplete, bodyTooLarge, declaredBytes } from "../protocol/body.js";
import type { BodyBounds, RawBody } from "../protocol/message.js";

/** A request as body parsers leave it: `body` set, the stream read. */
export type MaybeParsedRequest = IncomingMessage & { readonly body?: unknown };

/**
 * What is read of a body nobody wants, after the answer is out: enough for a client that sends it all before it reads,
 * not enough to keep a connection busy for ever.
 */
const DISCARD_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Reads the body of a request. Whether somebody did so before is told by the stream, not by `body`: Express 4 sets an
 * empty object on requests it did not read. (Of an empty body only the end is ever read.) Rejects when the body is over the limit, when the sender leaves in the
 * middle, and when the signal ends the wait.
 */
export async function readNodeBody(request: MaybeParsedRequest, bounds: BodyBounds): Promise<RawBody> {
  if (request.readableDidRead || request.readableEnded) return bodyLeftBy(request);
  if (declaredBytes(request.headers["content-length"]) > bounds.limitBytes) throw bodyTooLarge();
  if (request.destroyed) throw bodyIncomplete();
  return { kind: "bytes", bytes: await collect(request, bounds) };
}

/** Takes what is left of a body off the wire, so that the connection can serve its next request. */
export function discardRest(request: IncomingMessage): void {
  if (!mayHaveBody(request) || request.complete || request.destroyed) return;
  let discarded = 0;
  request.on("data", (chunk: Buffer | string) => {
    discarded += chunk.length;
    if (discarded > DISCARD_LIMIT_BYTES) request.destroy();
  });
  request.on("error", () => undefined);
}

function mayHaveBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || declaredBytes(headers["content-length"]) > 0;
}

function bodyLeftBy(request: MaybeParsedRequest): RawBody {
  const { body } = request;
  if (body === undefined && mayHaveBody(request)) {
    throw new Error("The request's body was read before the handler got it, and is not on `request.body`");
  }
  if (body instanceof Uint8Array) return { kind: "bytes", bytes: body };
  if (typeof body === "string") return { kind: "bytes", bytes: Buffer.from(body) };
  return { kind: "parsed", value: body };
}

function collect(request: IncomingMessage, { limitBytes, signal }: BodyBounds): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      signal.removeEventListener("abort", onGone);
      outcome();
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes =
        typeof chunk === "string" ? Buffer.from(chunk, request.readableEncoding ?? "utf8") : chunk;
      size += bytes.length;
      if (size > limitBytes) settle(() => reject(bodyTooLarge()));
      else chunks.push(bytes);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onGone = (): void => settle(() => reject(bodyIncomplete()));
    // Before its end is read, the request's `close` does mean that the sender left.
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
    signal.addEventListener("abort", onGone, { once: true });
  });
}
