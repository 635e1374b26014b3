/** The engine's errors as the contract's error responses (docs/contract.md). */
import { isZpwootError, messageOf, type ZpwootError } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import { errorResponse, HttpError, type HttpResponse } from "./message.js";

/** The request an error belongs to. */
export interface ErrorContext {
  readonly operation: string;
  /** The decoded id of the path; empty when the route has none. */
  readonly id: string;
  readonly body: unknown;
  readonly logger: Logger | undefined;
  /** Whether the route asks WhatsApp something over the session's connection, rather than making the connection. */
  readonly asksWhatsApp?: boolean | undefined;
}

/** The statuses of a request that takes too long, and of a server that is not set up for it. */
const OWN_FAULTS: ReadonlySet<number> = new Set([504, 500]);

/**
 * The response to anything a call throws. What is not the caller's mistake (500 and above) is logged, with the id and the
 * operation and without headers or bodies.
 */
export function toErrorResponse(error: unknown, context: ErrorContext): HttpResponse {
  if (error instanceof HttpError) {
    if (OWN_FAULTS.has(error.response.status)) log(error, context);
    return error.response;
  }
  const response = isZpwootError(error) ? responseByCode(error, context) : undefined;
  if (response === undefined || response.status >= 500) log(error, context);
  return response ?? errorResponse(500, "Internal server error");
}

function responseByCode(error: ZpwootError, context: ErrorContext): HttpResponse | undefined {
  switch (error.code) {
    case "INVALID_INPUT":
      return errorResponse(400, error.details.length > 0 ? error.details : [error.message], "Bad Request");
    case "SESSION_NOT_FOUND":
      return errorResponse(404, `Session with ID "${context.id}" not found`);
    case "SESSION_NAME_TAKEN":
      return errorResponse(400, `Session with name "${nameIn(context.body)}" already exists`);
    case "SESSION_NOT_CONNECTED":
      return errorResponse(400, notConnectedText(context.operation));
    case "SESSION_ALREADY_LINKED":
      return errorResponse(400, "Session is already linked. Log out first.");
    case "PAIRING_REFUSED":
      return errorResponse(400, "WhatsApp refused to give a pairing code for this phone number");
    case "CONNECTION_FAILED":
    case "PROXY_FAILED":
    case "MISSING_PACKAGE":
      if (context.asksWhatsApp === true) return errorResponse(502, error.message, "Bad Gateway");
      return context.id === "" ? undefined : connectionFailed(error, context.id);
    case "NOT_ON_WHATSAPP":
    case "GROUP_NOT_FOUND":
    case "INVITE_NOT_VALID":
      return errorResponse(404, error.message, "Not Found");
    case "NOT_ALLOWED":
      return errorResponse(403, error.message, "Forbidden");
    case "RATE_LIMITED":
      return errorResponse(429, error.message, "Too Many Requests");
    case "WHATSAPP_REFUSED":
      return (error.status ?? 0) >= 500
        ? errorResponse(502, error.message, "Bad Gateway")
        : errorResponse(422, error.message, "Unprocessable Entity");
    case "STORE_UNAVAILABLE":
    case "STORE_CORRUPT":
      return errorResponse(500, "Database connection failed");
    case "DELIVERY_NOT_FOUND":
      return errorResponse(404, "The session has no failed delivery with this id");
    case "EVENT_NOT_FOUND":
      return errorResponse(404, "The session keeps no event with this id, or not any more");
    case "OUTBOX_FULL":
      return errorResponse(409, error.message, "Conflict");
    case "ABORTED":
      return errorResponse(409, "The command was ended by a later one", "Conflict");
    case "TIMEOUT":
      return errorResponse(
        504,
        context.asksWhatsApp === true ? error.message : "WhatsApp did not answer in time",
        "Gateway Timeout",
      );
    case "STORE_IN_USE":
      return errorResponse(503, "Another process runs the sessions", "Service Unavailable");
    case "NODE_UNAVAILABLE":
      return errorResponse(503, error.message, "Service Unavailable");
    case "STOPPED":
      return errorResponse(503, "The service is stopping", "Service Unavailable");
    case "IDEMPOTENCY_CONFLICT":
    case "QUEUE_FULL":
      return errorResponse(409, error.message, "Conflict");
    case "MESSAGE_NOT_FOUND":
      return errorResponse(404, "No message with this id is kept for the session");
    case "REACHOUT_LOCKED":
    case "MEDIA_FAILED":
    case "RECIPIENT_UNREACHABLE":
    case "BAD_SIGNATURE":
      return errorResponse(422, error.message, "Unprocessable Entity");
    case "MESSAGE_UNCONFIRMED":
      return errorResponse(504, error.message, "Gateway Timeout");
    // It has no message that is told over HTTP: it is an event's.
    case "MESSAGE_EXPIRED":
    case "TEMP_UNAVAILABLE":
    case "INVALID_OPTION":
      return undefined;
  }
}

/** Only the text of `pair` is part of the frozen contract. */
function notConnectedText(operation: string): string {
  return operation === "pairPhone" ? "Session is not connected. Connect first." : "Session is not connected";
}

/** The engine's message may already be the whole sentence. */
function connectionFailed(error: ZpwootError, id: string): HttpResponse {
  const prefix = `Failed to create connection for session ${id}: `;
  const text = error.message.startsWith(prefix) ? error.message : `${prefix}${error.message}`;
  return errorResponse(500, text);
}

/** A body with a taken name has passed the checks, so it has a name. */
function nameIn(body: unknown): string {
  return typeof body === "object" && body !== null && "name" in body ? String(body.name) : "";
}

function log(error: unknown, { operation, id, logger }: ErrorContext): void {
  const fields = {
    operation,
    ...(id === "" ? {} : { sessionId: id }),
    ...(isZpwootError(error) ? { code: error.code } : {}),
    error: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
  logger?.error(fields, `HTTP request failed: ${operation}`);
}
