/** Requests of the admin calls, read with bounds, and their answers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isZpwootError, messageOf, ZpwootError } from "../../errors.js";

/** Something that does not exist. */
export class NotFound extends Error {}

/** A request that a page of another site may have made. */
export class Forbidden extends Error {}

/** An answer that is not JSON. */
export class RawAnswer {
  /** `write` answers, and ends the response or keeps it. */
  constructor(readonly write: (response: ServerResponse) => void) {}
}

/** Reads a body. Throws `INVALID_INPUT` for one that is longer than `maxLength` bytes. */
export async function readBytes(request: IncomingMessage, maxLength: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxLength)
      throw new ZpwootError("INVALID_INPUT", `The body is too large; at most ${maxLength} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a body of JSON; an empty one is an empty object. */
export async function readJson(request: IncomingMessage, maxLength: number): Promise<unknown> {
  const bytes = await readBytes(request, maxLength);
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new ZpwootError("INVALID_INPUT", "The body must be JSON");
  }
}

/** Answers with JSON. */
export function writeJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return void response.destroy();
  const headers = { "content-type": "application/json; charset=utf-8", "x-content-type-options": "nosniff" };
  response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`);
}

/** Answers with an error. */
export function writeError(response: ServerResponse, error: unknown): void {
  const { status, code } = statusOf(error);
  writeJson(response, status, { error: { code, message: messageOf(error) } });
}

function statusOf(error: unknown): { readonly status: number; readonly code: string } {
  if (error instanceof NotFound) return { status: 404, code: "NOT_FOUND" };
  if (error instanceof Forbidden) return { status: 403, code: "FORBIDDEN" };
  if (!isZpwootError(error)) return { status: 500, code: "INTERNAL" };
  const status = isZpwootError(error, "INVALID_INPUT") ? 400 : isZpwootError(error, "TIMEOUT") ? 504 : 409;
  return { status, code: error.code };
}
