/** What a response means for a delivery. Pure. */
import { isZpwootError } from "../errors.js";
import { PostError, TargetForbiddenError, type PostResponse } from "./transport.js";

/**
 * `delivered`: acknowledged. `gone`: the endpoint is to be disabled. `forbidden`: we ourselves don't connect to the target. `failed`: to be
 * tried again.
 */
export type ResponseOutcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "gone" }
  | { readonly kind: "forbidden"; readonly reason: string }
  | FailedOutcome;

/** A failed attempt. */
export interface FailedOutcome {
  readonly kind: "failed";
  /** The HTTP status; left out when no response came. */
  readonly status?: number;
  /** Contains neither URL nor address: it is stored, logged and shown. */
  readonly reason: string;
  /** The wait that the receiver asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** Decides by the status: 2xx acknowledges, 410 is gone, everything else failed, redirects included. */
export function outcomeOfResponse({ status, retryAfter }: PostResponse, now: number): ResponseOutcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 410) return { kind: "gone" };
  const redirect = status >= 300 && status < 400;
  const reason = redirect ? `status ${status} (redirects are not followed)` : `status ${status}`;
  return { kind: "failed", status, reason, retryAfterMs: retryAfterMs(retryAfter, now) };
}

/** The outcome of an attempt without a response. The message of a foreign error may contain the URL and is left out. */
export function outcomeOfError(error: unknown): ResponseOutcome {
  if (error instanceof TargetForbiddenError) return { kind: "forbidden", reason: error.message };
  const known = error instanceof PostError || isZpwootError(error);
  return { kind: "failed", reason: known ? error.message : "the request could not be made" };
}

/** The wait that a `Retry-After` header asks for (seconds or an HTTP date), in milliseconds; undefined when there is none. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
