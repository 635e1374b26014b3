/** One line in the log per request, with an id that the answer carries too. No query, no body, no header but that id. */
import { randomUUID } from "node:crypto";
import type { Logger } from "../../api/logger.js";
import type { PlainRequest, PlainResponse } from "../protocol/message.js";

/** What a caller may choose as the id of its request; anything else is replaced. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** A request under way. */
export interface RequestEntry {
  readonly requestId: string;
  readonly method: string;
  readonly begunAt: number;
  /** The name of the row, once it is found. */
  operation?: string;
  keyId?: string;
}

/** See the head of this file. Without a logger it does nothing. */
export class RequestLog {
  readonly #logger: Logger | undefined;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  begin(request: PlainRequest): RequestEntry {
    if (this.#logger === undefined) return { requestId: "", method: request.method, begunAt: 0 };
    const given = request.header("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    return { requestId, method: request.method, begunAt: performance.now() };
  }

  /** Writes the line; gives the answer with the id. */
  end(entry: RequestEntry, answer: PlainResponse): PlainResponse {
    if (this.#logger === undefined) return answer;
    const { requestId, method, begunAt, operation = "none", keyId } = entry;
    const ms = Math.round((performance.now() - begunAt) * 10) / 10;
    const who = keyId === undefined ? {} : { keyId };
    this.#logger.info({ requestId, method, operation, status: answer.status, ms, ...who }, "request");
    return { ...answer, headers: { ...answer.headers, "x-request-id": requestId } };
  }
}
