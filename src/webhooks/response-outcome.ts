/** What an answer means for a delivery; pure. */
import { isZpwootError } from "../errors.js";
import { retryAfterMs } from "./retry-schedule.js";
import { PostError } from "./transport.js";
import type { PostAnswer } from "./transport.js";

/** `delivered` acknowledges, `gone` ends the endpoint, `failed` is tried again. */
export type ResponseOutcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "gone"; readonly reason: string }
  | {
      readonly kind: "failed";
      readonly reason: string;
      /** The wait the receiver asked for, in milliseconds. */
      readonly waitMs?: number | undefined;
    };

/** Judges an answer: 2xx acknowledges, 410 is gone, everything else, redirects included, failed. */
export function judgeAnswer({ status, retryAfter }: PostAnswer, now: number): ResponseOutcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 410) return { kind: "gone", reason: "status 410" };
  const redirect = status >= 300 && status < 400;
  const reason = redirect ? `status ${status} (redirects are not followed)` : `status ${status}`;
  return { kind: "failed", reason, waitMs: retryAfterMs(retryAfter, now) };
}

/** Judges an attempt that got no answer. A foreign error's message may hold the URL, so it is not passed on. */
export function judgeError(error: unknown): ResponseOutcome {
  const known = error instanceof PostError || isZpwootError(error);
  return { kind: "failed", reason: known ? error.message : "the request could not be made" };
}
