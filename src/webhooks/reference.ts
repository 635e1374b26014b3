/** What a receiver gets in place of an event that is larger than it takes. */
import type { WebhookPayload } from "../events/payload.js";

/** Where an event can be fetched, below the address of the HTTP handler. */
function pathOf({ sessionId, id }: Pick<WebhookPayload, "sessionId" | "id">): string {
  return `/sessions/${encodeURIComponent(sessionId)}/events/${id}`;
}

/**
 * The body of an event without its data, and with the address where the whole is. `publicUrl`: where receivers reach the HTTP handler; empty
 * if that is not known.
 */
export function referenceTo(body: string, publicUrl: string): string {
  const payload = JSON.parse(body) as WebhookPayload;
  const url = publicUrl.replace(/\/+$/, "") + pathOf(payload);
  const reference: WebhookPayload["reference"] = { url, bytes: Buffer.byteLength(body) };
  return JSON.stringify({
    ...payload,
    data: null,
    omitted: "by-reference",
    reference,
  } satisfies WebhookPayload);
}
