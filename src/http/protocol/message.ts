/** Requests and answers as plain data: what the core speaks, and every bridge translates to and from. */

/** How much of a body is read, and for how long. */
export interface BodyBounds {
  readonly limitBytes: number;
  /** Ends the reading; the core then answers 408. */
  readonly signal: AbortSignal;
}

/** A body as it came in: bytes of our own reading, or what a body parser before us made of them. */
export type RawBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "parsed"; readonly value: unknown };

/** One request, free of any server's types. */
export interface PlainRequest {
  readonly method: string;
  /** Below the base path, percent-encoded, without the query. */
  readonly path: string;
  /** The path the client asked for, to be shown in a 404. */
  readonly originalPath: string;
  /** Where it came from, as far as that is known. */
  readonly address?: string | undefined;
  /** What follows the `?`, not decoded; empty when nothing does. */
  readonly query: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /**
   * Reads the body, once. Rejects with a {@link HttpError} when it is too large or ends early; never reads when not
   * called, so that a caller without a key costs nothing.
   */
  readBody(bounds: BodyBounds): Promise<RawBody>;
}

/** One answer, free of any server's types. */
export interface PlainResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for an answer without a body, and when there is a `stream`. */
  readonly body: string | Uint8Array;
  /** The body of an answer that goes on; called once, when it is sent. The signal tells that nobody reads any more. */
  readonly stream?: (signal: AbortSignal) => AsyncGenerator<string, void, undefined>;
  /** Set when the rest of the request is not worth reading, so that the connection can't be used again. */
  readonly closeConnection?: true;
}

/** The body of every error. */
export interface ErrorBody {
  readonly statusCode: number;
  readonly message: string | readonly string[];
  readonly error?: string;
}

/** Answers carry QR codes and pairing codes: no cache may keep them, no browser may take them for a page. */
const ANSWER_HEADERS = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** An answer with a JSON body; `headers` come on top of the usual ones. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): PlainResponse {
  return { status, headers: { ...ANSWER_HEADERS, ...headers }, body: JSON.stringify(body) };
}

/**
 * An error answer with the contract's keys in the contract's order. `error`, the short name of the status, is there
 * only when given: most rows of the contract have none.
 */
export function problem(status: number, message: string | readonly string[], error?: string): PlainResponse {
  const body: ErrorBody = { statusCode: status, message, ...(error === undefined ? {} : { error }) };
  return json(status, body);
}

/** What a route gives back when its answer is not JSON with the row's status. */
export class RawResponse {
  readonly answer: PlainResponse;

  constructor(answer: PlainResponse) {
    this.answer = answer;
  }
}

/** Thrown where a request is refused on its way in; carries the finished answer. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly answer: PlainResponse;

  constructor(answer: PlainResponse) {
    super(`The request is refused with ${answer.status}`);
    this.answer = answer;
  }
}
