/** The messages of one session, in memory and in the store: those that are to be sent, and the last of those that are done. */
import type { Logger } from "../api/logger.js";
import { messageOf } from "../errors.js";
import { readableOf, type KeySpace } from "../store/space/key-space.js";
import { chatOf, isMessageRecord, type MessageRecord } from "./message-record.js";

/** Records read per call to the store. */
const LOAD_CHUNK = 500;
/** What need not be durable at once is written together, after so many milliseconds. */
const LATER_MS = 200;
/** So many more than are kept are there before the oldest are dropped. */
const SLACK = 50;

/** What a {@link MessageLog} needs. */
export interface MessageLogOptions {
  readonly sessionId: string;
  readonly space: KeySpace;
  /** How many messages that are done are kept, and for how long. */
  readonly keep: number;
  readonly keepMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Pick<Logger, "warn">;
}

/** The messages of one session. {@link load} it first. */
export class MessageLog {
  readonly #options: MessageLogOptions;
  readonly #byId = new Map<string, MessageRecord>();
  readonly #idOfKey = new Map<string, string>();
  /** To be written soon; null deletes. */
  #dirty = new Map<string, MessageRecord | null>();
  #timer: NodeJS.Timeout | undefined;
  #lastSeq = 0;

  constructor(options: MessageLogOptions) {
    this.#options = options;
  }

  /** Reads what is stored. What can't be read is left where it is. Rejects with a store error. */
  async load(): Promise<void> {
    const { space } = this.#options;
    const ids = await space.keys();
    const found: MessageRecord[] = [];
    for (let from = 0; from < ids.length; from += LOAD_CHUNK) {
      const read = await readableOf(space, ids.slice(from, from + LOAD_CHUNK));
      for (const value of read.values()) if (isMessageRecord(value)) found.push(value);
    }
    for (const record of found.sort((a, b) => a.seq - b.seq)) this.#remember(record);
    this.#prune();
  }

  /** All messages, in the order in which they were handed over. */
  get all(): Iterable<MessageRecord> {
    return this.#byId.values();
  }

  /** A number for the next message. */
  nextSeq(): number {
    return (this.#lastSeq += 1);
  }

  find(id: string): MessageRecord | undefined {
    return this.#byId.get(id);
  }

  byKey(key: string): MessageRecord | undefined {
    const id = this.#idOfKey.get(key);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The messages that wait to be sent, in order. */
  queued(): MessageRecord[] {
    return [...this.#byId.values()].filter(({ queued }) => queued !== undefined);
  }

  /** When a message last went out, and whether one went to this chat. */
  sentBefore(chat: string): { readonly last: number | undefined; readonly toChat: boolean } {
    let last: number | undefined;
    let toChat = false;
    for (const record of this.#byId.values()) {
      if (record.sentAt === undefined) continue;
      last = Math.max(last ?? 0, record.sentAt);
      toChat ||= chatOf(record) === chat;
    }
    return { last, toChat };
  }

  /** Keeps a record; settles when it is durable. Rejects with a store error, and the record is kept in memory. */
  async save(record: MessageRecord): Promise<void> {
    this.#remember(record);
    this.#dirty.delete(record.id);
    await this.#options.space.write(new Map([[record.id, record]]));
    this.#prune();
  }

  /** Keeps a record in memory. */
  note(record: MessageRecord): void {
    this.#remember(record);
  }

  /** Keeps a record, and stores it soon. */
  saveSoon(record: MessageRecord): void {
    this.#remember(record);
    this.#storeSoon(record.id, record);
    this.#prune();
  }

  /** Forgets a message that was not sent. */
  drop({ id, key }: MessageRecord): void {
    this.#byId.delete(id);
    if (key !== undefined && this.#idOfKey.get(key) === id) this.#idOfKey.delete(key);
    this.#storeSoon(id, null);
  }

  /** Writes what is to be written soon now. Never rejects: what could not be written is tried again with the next. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#dirty;
    if (entries.size === 0) return;
    this.#dirty = new Map();
    try {
      await this.#options.space.write(entries);
    } catch (error) {
      for (const [id, record] of entries) if (!this.#dirty.has(id)) this.#dirty.set(id, record);
      const { sessionId, logger } = this.#options;
      logger.warn({ sessionId, error: messageOf(error) }, "what became of sent messages could not be stored");
    }
  }

  /** Writes nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#dirty.clear();
  }

  #remember(record: MessageRecord): void {
    this.#byId.set(record.id, record);
    if (record.key !== undefined) this.#idOfKey.set(record.key, record.id);
    this.#lastSeq = Math.max(this.#lastSeq, record.seq);
  }

  #storeSoon(id: string, record: MessageRecord | null): void {
    this.#dirty.set(id, record);
    this.#timer ??= setTimeout(() => void this.flush(), LATER_MS).unref();
  }

  /** Drops the oldest that are done: beyond the number, and beyond their time. */
  #prune(): void {
    const { keep, keepMs, now } = this.#options;
    const oldest = now() - keepMs;
    let surplus = this.#byId.size > keep + SLACK ? this.#byId.size - keep : 0;
    for (const record of this.#byId.values()) {
      const isOld = record.createdAt < oldest;
      if (surplus <= 0 && !isOld) break;
      if (record.queued !== undefined || (record.state === "sending" && !isOld)) continue;
      this.drop(record);
      surplus -= 1;
    }
  }
}
