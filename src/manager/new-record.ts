/** The record of a new session. */
import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../api/session-record.js";
import type { NewSession } from "../api/validation.js";
import { generateWebhookSecret } from "../webhooks/index.js";

/** A record with an id of its own, and the secret that signs its webhooks. */
export function newRecord({ name, webhookUrl, webhookEvents: events }: NewSession): {
  readonly record: SessionRecord;
  readonly secret: string;
} {
  const now = new Date().toISOString();
  const secret = generateWebhookSecret();
  const hasWebhook = webhookUrl !== undefined || events !== undefined;
  const record: SessionRecord = {
    version: 1,
    id: randomUUID(),
    name,
    desired: "offline",
    status: "disconnected",
    phoneNumber: null,
    webhook: hasWebhook ? { url: webhookUrl ?? null, events: events ?? [], enabled: true, secret } : null,
    proxy: null,
    createdAt: now,
    updatedAt: now,
  };
  return { record, secret };
}
