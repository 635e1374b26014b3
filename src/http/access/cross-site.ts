/**
 * Forms that a page of another site sends. A browser sends a form across sites, with the user's cookies, without asking the server first; JSON
 * it does not. Where the server asks for no key, the host's own authentication may be such a cookie.
 */
import { errorResponse, HttpError, type HttpRequest } from "../protocol/message.js";

/** Headers that a page of another site can't set without the server's permission. Not `Authorization`, which browsers fill in by themselves. */
const CHOSEN_HEADERS = ["x-requested-with", "idempotency-key", "x-api-key"] as const;

/**
 * Throws an {@link HttpError} with status 403 for a form that a page of another site may have sent. A server with keys needs no more than
 * those: no browser adds them by itself.
 */
export function refuseCrossSiteForm(
  request: HttpRequest,
  apiKeys: readonly string[] | false | undefined,
): void {
  if (apiKeys !== false || isOfThisSite(request)) return;
  if (CHOSEN_HEADERS.some((name) => request.header(name) !== undefined)) return;
  const text =
    "A form from a web page needs a header that no page of another site can set: X-Requested-With, with any value";
  throw new HttpError(errorResponse(403, text, "Forbidden"));
}

/** No page sent it, or one of this very server. Browsers that don't say the latter name at least their page's origin. */
function isOfThisSite(request: HttpRequest): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  return request.header("origin") === undefined;
}
