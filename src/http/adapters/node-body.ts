/** The body of a Node request: read here, or by a body parser before the handler. */
import type { IncomingMessage } from "node:http";
import {
  bodyIncomplete,
  bodyTooLarge,
  declaredBytes,
  DISCARD_LIMIT_BYTES,
  formReadBefore,
} from "../protocol/body.js";
import type { BodyBounds, RawBody } from "../protocol/message.js";

/** A request as body parsers leave it: `body` is set, the stream is read. */
export type MaybeParsedRequest = IncomingMessage & { readonly body?: unknown };

/**
 * Reads the body of a request. The stream shows whether a parser has read it before, `body` does not: Express 4 sets an empty
 * object on requests it did not read. (An empty body has nothing to read but its end.) Rejects when the body is over the limit, when the
 * client disconnects before its end, and when the signal is aborted.
 */
export async function readNodeBody(request: MaybeParsedRequest, bounds: BodyBounds): Promise<RawBody> {
  if (request.readableDidRead || request.readableEnded) return bodyLeftBy(request);
  if (declaredBytes(request.headers["content-length"]) > bounds.limitBytes) throw bodyTooLarge();
  if (request.destroyed) throw bodyIncomplete();
  return { kind: "bytes", bytes: await collect(request, bounds) };
}

/**
 * Hands over the body of a request piece by piece, as `HttpRequest.pipeBody` does. Of what a parser has read before only bytes will do: in a text
 * the bytes of a file are lost.
 */
export async function pipeNodeBody(
  request: MaybeParsedRequest,
  take: (piece: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (request.readableDidRead || request.readableEnded) {
    if (!(request.body instanceof Uint8Array)) throw formReadBefore();
    return take(request.body);
  }
  if (request.destroyed) throw bodyIncomplete();
  return new Promise((resolve, reject) => {
    let taking = Promise.resolve();
    const settle = (outcome: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      signal.removeEventListener("abort", onAbort);
      // What comes now waits for `discardBody`. Destroyed, the request would take its answer with it.
      request.pause();
      outcome();
    };
    const onData = (chunk: Buffer | string): void => {
      request.pause();
      taking = take(bytesOf(chunk, request)).then(
        () => void (signal.aborted || request.resume()),
        (error: Error) => settle(() => reject(error)),
      );
    };
    // It is known with the last piece, while that is still being taken.
    const onEnd = (): void => {
      request.off("error", onGone).off("close", onGone);
      void taking.then(() => settle(resolve));
    };
    const onGone = (): void => settle(() => reject(bodyIncomplete()));
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    if (signal.aborted) return onAbort();
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Reads and drops what is left of a body, so that the connection can serve its next request. */
export function discardBody(request: IncomingMessage): void {
  if (!mayHaveBody(request) || request.readableEnded || request.destroyed) return;
  let discarded = 0;
  request.on("data", (chunk: Buffer | string) => {
    discarded += chunk.length;
    if (discarded > DISCARD_LIMIT_BYTES) request.destroy();
  });
  request.on("error", () => undefined);
  // It may have been left waiting.
  request.resume();
}

function mayHaveBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || declaredBytes(headers["content-length"]) > 0;
}

function bodyLeftBy(request: MaybeParsedRequest): RawBody {
  const { body } = request;
  if (body === undefined && mayHaveBody(request)) {
    throw new Error("The body of the request was read before the handler ran, and is not on `request.body`");
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
      const bytes = bytesOf(chunk, request);
      size += bytes.length;
      if (size > limitBytes) settle(() => reject(bodyTooLarge()));
      else chunks.push(bytes);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onGone = (): void => settle(() => reject(bodyIncomplete()));
    // Until the end of the body is read, `close` means that the client has disconnected.
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
    signal.addEventListener("abort", onGone, { once: true });
  });
}

function bytesOf(chunk: Buffer | string, request: IncomingMessage): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk, request.readableEncoding ?? "utf8") : chunk;
}
