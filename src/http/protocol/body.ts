/** From the bytes of a request to the JSON value in it, or to the answer that refuses them. */
import { type PlainRequest, type RawBody, problem, HttpError } from "./message.js";

/** A body that comes in slower than this is given up; no server before us has to bound it. */
const BODY_DEADLINE_MS = 30_000;

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;
const UTF8_NAMES = new Set(["utf-8", "utf8", "us-ascii"]);
/** Drops a byte order mark, and throws on bytes that are no UTF-8 instead of replacing them. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The refusal of a body over the limit, in the words of NestJS. */
export function bodyTooLarge(): HttpError {
  return new HttpError(problem(413, "request entity too large"));
}

/** The refusal of a body whose sender left in the middle; mostly nobody is there to read it. */
export function bodyIncomplete(): HttpError {
  return new HttpError(problem(400, "Request body was not received completely", "Bad Request"));
}

/** The size a client declared, in bytes; 0 when it declared none, as with chunked bodies. */
export function declaredBytes(contentLength: string | null | undefined): number {
  const bytes = Number(contentLength ?? 0);
  return Number.isFinite(bytes) ? bytes : 0;
}

/** The refusal of what is no JSON object. A bare string or number is none either, as for Express' own parser. */
export function bodyMalformed(): HttpError {
  return new HttpError(problem(400, "Request body is not a valid JSON object", "Bad Request"));
}

/** The refusal of a body that is written in another way than JSON in UTF-8. */
export function bodyUnsupported(message: string): HttpError {
  return new HttpError(problem(415, message, "Unsupported Media Type"));
}

/** The refusal of a media type that is none of JSON. */
export function bodyNotJson(): HttpError {
  return bodyUnsupported("Content-Type must be application/json");
}

/**
 * The JSON object (or list) of a request's body; undefined when the body is empty, whatever its content type. Rejects with a
 * {@link HttpError}: 400 malformed, 408 too slow, 413 too large, 415 not JSON.
 */
export async function readJson(request: PlainRequest, limitBytes: number): Promise<unknown> {
  const body = await readInTime(request, limitBytes);
  const value = body.kind === "parsed" ? parsedBefore(body.value, request) : parse(body.bytes, request);
  if (value !== undefined && (typeof value !== "object" || value === null)) throw bodyMalformed();
  return value;
}

/** Not left to the server: Fastify, for one, sets no time limit on a request. */
async function readInTime(request: PlainRequest, limitBytes: number): Promise<RawBody> {
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
  const answer = problem(408, "Request body was not received in time", "Request Timeout");
  throw new HttpError({ ...answer, closeConnection: true });
}

/** A body without a content type is taken for JSON: there is nothing else it could be here. */
function refuseUnlessJson(request: PlainRequest): void {
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

/** A parser before us may take forms too, and leaves an object also where there was no body. */
function parsedBefore(value: unknown, request: PlainRequest): unknown {
  const sent =
    declaredBytes(request.header("content-length")) > 0 || request.header("transfer-encoding") !== undefined;
  if (sent) refuseUnlessJson(request);
  return value;
}

function parse(bytes: Uint8Array, request: PlainRequest): unknown {
  if (bytes.byteLength === 0) return undefined;
  const encoding = request.header("content-encoding") ?? "identity";
  if (encoding.trim().toLowerCase() !== "identity")
    throw bodyUnsupported("Content-Encoding is not supported");
  refuseUnlessJson(request);
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw bodyMalformed();
  }
}
