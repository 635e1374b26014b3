/** Whether a request is let in: who calls, and what the counting of requests says. */
import type { HttpResponse } from "../protocol/message.js";
import type { Authentication, Caller } from "./auth.js";
import type { CountRequest } from "./rate-limits.js";
import type { RequestEntry } from "./request-log.js";

/** Who calls, with headers for the answer; or the answer that refuses the request. */
export type Admission =
  | {
      readonly caller: Caller;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly rejected?: undefined;
    }
  | { readonly rejected: HttpResponse };

/** A caller who was counted. */
export function admission(caller: Caller, counted: Awaited<ReturnType<CountRequest>> | undefined): Admission {
  if (counted?.rejected !== undefined) return { rejected: counted.rejected };
  return { caller, headers: counted?.headers };
}

/** An authentication, noted for the log. */
export function noted(authentication: Authentication, entry: RequestEntry): Admission {
  if (authentication.rejected === undefined) entry.keyId = authentication.caller.keyId;
  return authentication;
}
