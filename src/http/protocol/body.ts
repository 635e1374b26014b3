/** From the bytes of a request to checked input, or to the error that rejects them. */
import type * as z from "zod";
import { checkInput, isFields } from "../../api/validation.js";
import { badRequest, errorResponse, HttpError, type HttpRequest, type RawBody } from "./message.js";

/** How long a body may take. Enforced here because not every server does: Fastify sets no time limit. */
const BODY_DEADLINE_MS = 30_000;

/**
 * How much of an unread body is discarded after the response is sent: enough for clients that send everything before they
 * read, not enough to keep a connection busy for ever.
 */
export const DISCARD_LIMIT_BYTES = 16 * 1024 * 1024;

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;
const UTF8_NAMES = new Set(["utf-8", "utf8", "us-ascii"]);
/** Drops a byte order mark, and throws on invalid UTF-8 instead of replacing it. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** 413: the body is over the limit. The text is that of NestJS. */
export function bodyTooLarge(): HttpError {
  return new HttpError(errorResponse(413, "request entity too large"));
}

/** 400: the client disconnected before the body was complete. */
export function bodyIncomplete(): HttpError {
  return badRequest("Request body was not received completely");
}

/** 408: the client took too long. */
export function bodyTooSlow(): HttpError {
  const response = errorResponse(408, "Request body was not received in time", "Request Timeout");
  return new HttpError({ ...response, closeConnection: true });
}

/**
 * 500: the host has read the body, and there is nothing left of it. The text is for the host's programmer, who will see it in the answer to the
 * first form.
 */
export function formReadBefore(): HttpError {
  const text =
    "The form was read before zpwoot's handler ran: mount the handler before the middleware that reads forms";
  return new HttpError(errorResponse(500, text), text);
}

/** 400: the body is not a JSON object or list. Bare strings and numbers are rejected too, as by Express' own parser. */
export function bodyMalformed(): HttpError {
  return badRequest("Request body is not a valid JSON object");
}

/** 415: the body is in an encoding that is not supported. */
export function bodyUnsupported(message: string): HttpError {
  return new HttpError(errorResponse(415, message, "Unsupported Media Type"));
}

/** 415: the media type is not JSON. */
export function bodyNotJson(): HttpError {
  return bodyUnsupported("Content-Type must be application/json");
}

/** The size a client declared, in bytes; 0 without a declaration, as with chunked bodies. */
export function declaredBytes(contentLength: string | null | undefined): number {
  const bytes = Number(contentLength ?? 0);
  return Number.isFinite(bytes) ? bytes : 0;
}

/**
 * Reads the body of a request as a JSON object or list; undefined when it is empty, whatever its content type. Rejects with an
 * {@link HttpError}: 400 malformed, 408 too slow, 413 too large, 415 not JSON.
 */
export async function readJson(request: HttpRequest, limitBytes: number): Promise<unknown> {
  const body = await readInTime(request, limitBytes);
  const value = body.kind === "parsed" ? parsedBefore(body.value, request) : parse(body.bytes, request);
  if (value !== undefined && (typeof value !== "object" || value === null)) throw bodyMalformed();
  return value;
}

/**
 * Checks the JSON of a body against a schema. Throws `INVALID_INPUT` with one sentence per broken rule: a missing body breaks the rules that
 * an empty object breaks, and is malformed where every field is optional. A list is malformed, or with `listAsEmpty` like a missing body.
 */
export function checkBody<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { listAsEmpty = false }: { readonly listAsEmpty?: boolean | undefined } = {},
): z.output<Schema> {
  if (isFields(value)) return checkInput(schema, "request body", value);
  if (value !== undefined && !listAsEmpty) throw bodyMalformed();
  checkInput(schema, "request body", {});
  throw bodyMalformed();
}

async function readInTime(request: HttpRequest, limitBytes: number): Promise<RawBody> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), BODY_DEADLINE_MS);
  try {
    const body = await request.readBody({ limitBytes, signal: deadline.signal });
    if (!deadline.signal.aborted) return body;
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw bodyTooSlow();
}

/** A body without a content type is read as JSON: nothing else is accepted here. */
function assertJson(request: HttpRequest): void {
  const contentType = request.header("content-type");
  if (contentType === undefined || contentType.trim() === "") return;
  const [mediaType = "", ...parameters] = contentType.toLowerCase().split(";");
  if (!JSON_MEDIA_TYPE.test(mediaType.trim())) throw bodyNotJson();
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)/.exec(parameter)?.[1])
    .find(Boolean);
  if (charset !== undefined && !UTF8_NAMES.has(charset))
    throw bodyUnsupported("Content-Type charset must be utf-8");
}

/** A body parser may accept forms too, and may leave an empty object where there was no body. */
function parsedBefore(value: unknown, request: HttpRequest): unknown {
  const hasBody =
    declaredBytes(request.header("content-length")) > 0 || request.header("transfer-encoding") !== undefined;
  if (hasBody) assertJson(request);
  return value;
}

function parse(bytes: Uint8Array, request: HttpRequest): unknown {
  if (bytes.byteLength === 0) return undefined;
  assertPlain(request);
  assertJson(request);
  const value = parsedJson(bytes);
  if (value === undefined) throw bodyMalformed();
  return value;
}

/** The value of JSON in UTF-8; undefined if it is none. */
export function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** Throws a 415 for a body that is compressed. */
export function assertPlain(request: HttpRequest): void {
  const encoding = request.header("content-encoding") ?? "identity";
  if (encoding.trim().toLowerCase() !== "identity")
    throw bodyUnsupported("Content-Encoding is not supported");
}
