/** The record of a session as it is stored. */
import type { SessionRecord, WebhookConfig } from "../../api/session-record.js";
import { ZpwootError } from "../../errors.js";
import { generationKeys, newestGeneration } from "../generations.js";
import { recordKey } from "../keys.js";
import type { Store, StoredValue } from "../store.js";

/** Records read per call to the store. */
const READ_CHUNK = 500;

/** The record of a session as it is stored; undefined when it is missing or can't be read. */
export async function storedRecord(store: Store, id: string): Promise<SessionRecord | undefined> {
  return (await storedRecords(store, [id])).get(id);
}

/** The records of sessions as they are stored, by id; those that are missing or can't be read are left out. */
export async function storedRecords(
  store: Store,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SessionRecord>> {
  const records = new Map<string, SessionRecord>();
  for (let start = 0; start < ids.length; start += READ_CHUNK)
    for (const [id, { record }] of await readRecords(store, ids.slice(start, start + READ_CHUNK)))
      if (record !== undefined) records.set(id, record);
  return records;
}

/** A record that was read, or why there is none. */
export interface ReadRecord {
  readonly record?: SessionRecord;
  /** Its generation. */
  readonly number?: number;
  /** One of its two places can't be read. */
  readonly damaged?: boolean;
  readonly error?: unknown;
}

/** Reads the records of sessions in one call. Rejects with `STORE_UNAVAILABLE`. */
export async function readRecords(
  store: Store,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ReadRecord>> {
  const stored = await store.readEach(ids.flatMap((id) => generationKeys(recordKey(id))));
  return new Map(ids.map((id) => [id, readRecord(id, stored)]));
}

function readRecord(id: string, stored: ReadonlyMap<string, StoredValue>): ReadRecord {
  try {
    const newest = newestGeneration(recordKey(id), stored, (value) => recordOf(id, value));
    if (newest === undefined)
      throw new ZpwootError("STORE_CORRUPT", "The record of a listed session is missing");
    return { record: newest.value, number: newest.number, damaged: newest.damaged };
  } catch (error) {
    return { error };
  }
}

/** Throws for a value that is not a record of that session. */
function recordOf(id: string, value: unknown): SessionRecord {
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
