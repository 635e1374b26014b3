/** The record of a session as it is stored. */
import type { SessionRecord, WebhookConfig } from "../../api/session-record.js";
import { generationKeys, newestGeneration } from "../generations.js";
import { recordKey } from "../keys.js";
import type { Store } from "../store.js";

/** The record of a session as it is stored; undefined when it is missing or can't be read. */
export async function storedRecord(store: Store, id: string): Promise<SessionRecord | undefined> {
  const stored = await store.readEach(generationKeys(recordKey(id)));
  try {
    return newestGeneration(recordKey(id), stored, (value) => recordOf(id, value))?.value;
  } catch {
    return undefined;
  }
}

/** Throws for a value that is not a record of that session. */
export function recordOf(id: string, value: unknown): SessionRecord {
  const record = value as Partial<SessionRecord> | null;
  const { webhook = null, endpoints = {} } = record ?? {};
  const isRecord =
    record?.id === id &&
    typeof record.name === "string" &&
    (webhook === null || isWebhook(webhook)) &&
    Object.values(endpoints).every(isWebhook);
  if (!isRecord) throw new TypeError("A session's record is of an unexpected form");
  return record as SessionRecord;
}

function isWebhook(value: Partial<WebhookConfig>): boolean {
  return Array.isArray(value.events) && typeof value.secret === "string";
}
