/** What body parsers that run before the handler throw, as the contract's errors. */
import { bodyMalformed, bodyTooLarge, bodyUnsupported } from "../protocol/body.js";
import type { HttpError } from "../protocol/message.js";

/** Returns the error for what the parsers of Express, and Koa's on the same library, throw; undefined for any other error. */
export function fromBodyParser(error: unknown): HttpError | undefined {
  switch (field(error, "type")) {
    case "entity.parse.failed":
      return bodyMalformed();
    case "entity.too.large":
      return bodyTooLarge();
    case "encoding.unsupported":
      return bodyUnsupported("Content-Encoding is not supported");
    case "charset.unsupported":
      return bodyUnsupported("Content-Type charset must be utf-8");
    default:
      return undefined;
  }
}

/** The same for co-body, the library under Koa's parsers: only a status, and a `body` where that was not JSON. */
export function fromCoBody(error: unknown): HttpError | undefined {
  const status = field(error, "status");
  if (status === 400 && field(error, "body") !== undefined) return bodyMalformed();
  if (status === 413) return bodyTooLarge();
  return status === 415 ? bodyUnsupported("Content-Encoding is not supported") : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
