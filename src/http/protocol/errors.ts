/** What went wrong in the engine, as the contract's rows of errors. */
import { isZpwootError, messageOf, type ZpwootError } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import { type PlainResponse, problem, HttpError } from "./message.js";

/** The request an error belongs to. */
export interface ProblemContext {
  readonly operation: string;
  /** The decoded id of the path; empty when the route has none. */
  readonly id: string;
  readonly body: unknown;
  readonly logger: Logger | undefined;
}

/**
 * The answer to anything thrown by a call. What is nobody's mistake but ours or the store's is logged, with the id and
 * the operation and without headers or bodies.
 */
export function answerToError(error: unknown, context: ProblemContext): PlainResponse {
  if (error instanceof HttpError) return error.answer;
  const answer = isZpwootError(error) ? answerToKnown(error, context) : undefined;
  if (answer === undefined || answer.status >= 500) log(error, context);
  return answer ?? problem(500, "Internal server error");
}

function answerToKnown(error: ZpwootError, context: ProblemContext): PlainResponse | undefined {
  switch (error.code) {
    case "INVALID_INPUT":
      return problem(400, error.details.length > 0 ? error.details : [error.message], "Bad Request");
    case "SESSION_NOT_FOUND":
      return problem(404, `Session with ID "${context.id}" not found`);
    case "SESSION_NAME_TAKEN":
      return problem(400, `Session with name "${nameIn(context.body)}" already exists`);
    case "SESSION_NOT_CONNECTED":
    case "SESSION_ALREADY_LINKED":
    case "PAIRING_REFUSED":
      return problem(400, refusalText(error.code, context.operation));
    case "CONNECTION_FAILED":
    case "PROXY_FAILED":
    case "MISSING_PACKAGE":
      return context.id === "" ? undefined : connectionFailed(error, context.id);
    case "STORE_UNAVAILABLE":
    case "STORE_CORRUPT":
      return problem(500, "Database connection failed");
    case "DELIVERY_NOT_FOUND":
      return problem(404, "The session has no failed delivery with this id");
    case "OUTBOX_FULL":
      return problem(409, error.message, "Conflict");
    case "ABORTED":
      return problem(409, "The command was ended by a later one", "Conflict");
    case "TIMEOUT":
      return problem(504, "WhatsApp did not answer in time", "Gateway Timeout");
    case "STOPPED":
      return problem(503, "The service is stopping", "Service Unavailable");
    case "INVALID_OPTION":
      return undefined;
  }
}

/** Only the first is frozen; the others are cases the contract does not know. */
function refusalText(
  code: "SESSION_NOT_CONNECTED" | "SESSION_ALREADY_LINKED" | "PAIRING_REFUSED",
  operation: string,
): string {
  if (code === "SESSION_ALREADY_LINKED") return "Session is already linked. Log out first.";
  if (code === "PAIRING_REFUSED") return "WhatsApp refused to give a pairing code for this phone number";
  return operation === "pairPhone" ? "Session is not connected. Connect first." : "Session is not connected";
}

/** The engine may have written the whole sentence already. */
function connectionFailed(error: ZpwootError, id: string): PlainResponse {
  const prefix = `Failed to create connection for session ${id}: `;
  const text = error.message.startsWith(prefix) ? error.message : `${prefix}${error.message}`;
  return problem(500, text);
}

/** A name is only found taken after the body was found valid. */
function nameIn(body: unknown): string {
  return String((body as { name?: unknown } | null | undefined)?.name);
}

function log(error: unknown, { operation, id, logger }: ProblemContext): void {
  const fields = {
    operation,
    ...(id === "" ? {} : { sessionId: id }),
    ...(isZpwootError(error) ? { code: error.code } : {}),
    error: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
  logger?.error(fields, "an HTTP request could not be answered");
}
