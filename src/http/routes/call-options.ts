/** How long the routes over a session's connection wait for WhatsApp. */
import type { CallOptions } from "../../api/call-options.js";
import type { RouteInput } from "../route.js";

/** Less than a request may take, so that the answer says what WhatsApp did not. */
const ANSWER_MS = 10_000;

/** The options of a call: it ends in time, and when nobody waits for it any more. */
export function callOptions({ signal }: RouteInput): CallOptions {
  return { signal, timeoutMs: ANSWER_MS };
}
