/** CORS for `zpwoot serve`, where there is no server of the user's to do it: pages of the origins named may call it. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Which origins' pages may call. */
export type CorsOrigins = "*" | readonly string[];

const ALLOWED_HEADERS =
  "content-type, x-api-key, authorization, idempotency-key, last-event-id, x-request-id";
const EXPOSED_HEADERS = "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset";
/** How long a browser may remember the answer to a preflight, in seconds. */
const MAX_AGE_S = 600;

/** Whether a text is an origin as browsers send it: scheme, host and port, and nothing else. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/**
 * Sets the headers for a request of an allowed origin. Returns whether the request was a preflight, which is answered then. No cookies are
 * allowed: the key is in a header.
 */
export function allowOrigin(
  origins: CorsOrigins | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (origins === undefined) return false;
  if (origins !== "*") response.setHeader("vary", "origin");
  const { origin } = request.headers;
  if (origin === undefined || (origins !== "*" && !origins.includes(origin))) return false;
  response.setHeader("access-control-allow-origin", origins === "*" ? "*" : origin);
  response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined)
    return false;
  response.setHeader("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
  response.setHeader("access-control-allow-headers", ALLOWED_HEADERS);
  response.setHeader("access-control-max-age", String(MAX_AGE_S));
  response.writeHead(204).end();
  return true;
}
