/** One log line per request, with an id that the response carries too. No query, no body, no header but that id. */
import { randomUUID } from "node:crypto";
import type { Logger } from "../../api/logger.js";
import type { HttpRequest, HttpResponse } from "../protocol/message.js";

/** What a caller may choose as the id of its request; anything else is replaced. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** A request in progress. */
export interface RequestEntry {
  readonly requestId: string;
  readonly method: string;
  readonly startedAt: number;
  /** The name of the route, once it is found. */
  operation?: string;
  keyId?: string;
}

/** Logs requests; without a logger it does nothing. */
export class RequestLog {
  readonly #logger: Logger | undefined;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Call when a request arrives; fill in `operation` and `keyId` as they become known. */
  start(request: HttpRequest): RequestEntry {
    if (this.#logger === undefined) return { requestId: "", method: request.method, startedAt: 0 };
    const given = request.header("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    return { requestId, method: request.method, startedAt: performance.now() };
  }

  /** Writes the line, and returns the response with the id added. */
  finish(entry: RequestEntry, response: HttpResponse): HttpResponse {
    if (this.#logger === undefined) return response;
    const { requestId, method, startedAt, operation = "none", keyId } = entry;
    const { status } = response;
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    const key = keyId === undefined ? {} : { keyId };
    this.#logger.info({ requestId, method, operation, status, ms, ...key }, "HTTP request");
    return { ...response, headers: { ...response.headers, "x-request-id": requestId } };
  }
}
