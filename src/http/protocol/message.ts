/** Requests and responses without any server's types: the core works on these, each adapter translates to and from its server. */
import type { ErrorResponse } from "../contract/schemas.js";

/** How much of a body is read, and for how long. */
export interface BodyBounds {
  readonly limitBytes: number;
  /** Stops reading; the core then answers 408. */
  readonly signal: AbortSignal;
}

/** A body as an adapter found it: the bytes, or the value a body parser made of them before the handler ran. */
export type RawBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "parsed"; readonly value: unknown };

/** One request. */
export interface HttpRequest {
  readonly method: string;
  /** Below the base path, percent-encoded, without the query. */
  readonly path: string;
  /** The path the client asked for, as a 404 shows it. */
  readonly originalPath: string;
  /** The other end of the connection, if the adapter knows it: a client, or a proxy. */
  readonly peer?: string | undefined;
  /** The client's address as the server understands it, by the server's own settings of proxies. */
  readonly address?: string | undefined;
  /** What follows the `?`, percent-encoded; empty without a query. */
  readonly query: string;
  /** Returns the value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /**
   * Reads the body, once. Rejects with an {@link HttpError} when it is too large or incomplete. Nothing is read before
   * this is called, so a caller without a key costs nothing.
   */
  readBody(bounds: BodyBounds): Promise<RawBody>;
  /**
   * Hands over the body piece by piece, in place of {@link readBody}: the next one when `take` has settled, and no more when the signal is
   * aborted. Settles at the end of the body. Rejects with an {@link HttpError} when there is no whole one, with the reason of the signal,
   * and as `take` does. The request stays whole, so that it can be answered before its end.
   */
  pipeBody(take: (piece: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** The body of a response that is sent piece by piece. The signal is aborted when the client has disconnected. */
export type BodyStream = (signal: AbortSignal) => AsyncGenerator<string | Uint8Array, void, undefined>;

/** One response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for a response without a body or with a `stream`. */
  readonly body: string | Uint8Array;
  /** Called once, when the response is sent. */
  readonly stream?: BodyStream;
  /** Called in place of `stream`, when the response is not sent: its client has disconnected before. */
  readonly discard?: () => void;
  /** Set when the rest of the request is not worth reading, so that the connection can't be reused. */
  readonly closeConnection?: true;
}

/** Responses carry QR codes and pairing codes: no cache may keep them, no browser may take them for a page. */
const JSON_HEADERS = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** A response with a JSON body; `headers` are added to the usual ones. */
export function json(
  status: number,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): HttpResponse {
  const all = headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers };
  return { status, headers: all, body: JSON.stringify(body) };
}

/**
 * An error response with the contract's keys in the contract's order. `error`, the short name of the status, is present
 * only when given: most errors of the contract have none.
 */
export function errorResponse(
  status: number,
  message: string | readonly string[],
  error?: string,
): HttpResponse {
  const body: ErrorResponse = {
    statusCode: status,
    message: typeof message === "string" ? message : [...message],
    ...(error === undefined ? {} : { error }),
  };
  return json(status, body);
}

/** What a route returns when its response is not JSON with the route's status. */
export class RawResponse {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    this.response = response;
  }
}

/** A 200 with a body that is JSON already. */
export function rawJson(body: string): RawResponse {
  return new RawResponse({ status: 200, headers: JSON_HEADERS, body });
}

/** Thrown to end a request with an error response. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly response: HttpResponse;

  constructor(response: HttpResponse, text = `The request failed with status ${response.status}`) {
    super(text);
    this.response = response;
  }
}

/** A 400 with one message per broken rule. */
export function badRequest(message: string | readonly string[]): HttpError {
  return new HttpError(errorResponse(400, message, "Bad Request"));
}
