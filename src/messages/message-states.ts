/** How far the messages of one session got: what moves a message on is noted, stored and told here, and nowhere else. */
import type { Logger } from "../api/logger.js";
import { messageOf, type ZpwootError } from "../errors.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import type { MessageLog } from "./message-log.js";
import { chatOf, failed, keyOf, type MessageRecord } from "./message-record.js";
import type { Receipt } from "./receipts.js";
import { refusalOf } from "./refusals.js";
import type { MessagesServices } from "./services.js";

/** What {@link MessageStates} need. */
export interface MessageStatesOptions extends Pick<MessagesServices, "emit" | "now"> {
  readonly sessionId: string;
  readonly log: MessageLog;
  readonly logger: Pick<Logger, "warn">;
}

/** The states of the messages of one session. */
export class MessageStates {
  readonly #options: MessageStatesOptions;

  constructor(options: MessageStatesOptions) {
    this.#options = options;
  }

  /** WhatsApp has it. Settles when that is stored where someone relies on it; never rejects. */
  async sent(before: MessageRecord, { timestamp }: MessageAck): Promise<MessageRecord> {
    const { log, now } = this.#options;
    const { queued: _, error: __, ...rest } = before;
    const state =
      rest.readAt === undefined ? (rest.deliveredAt === undefined ? "sent" : "delivered") : "read";
    const sentAt = timestamp === undefined ? now() : timestamp * 1_000;
    const record: MessageRecord = { ...rest, state, sentAt };
    if (record.key === undefined && !record.wasQueued) log.saveSoon(record);
    else await this.#save(record);
    this.#tell("message.sent", record);
    // Receipts that came before.
    if (record.deliveredAt !== undefined) this.#tell("message.delivered", record);
    if (record.readAt !== undefined) this.#tell("message.read", record);
    return record;
  }

  /** An acknowledgement that nobody waits for: the caller was told that the message may have been sent, or it is to be sent again. */
  late(ack: MessageAck): void {
    const record = this.#options.log.find(ack.id);
    if (record === undefined || record.sentAt !== undefined || record.state === "failed") return;
    if (ack.error === undefined) void this.sent(record, ack);
    else if (record.queued === undefined)
      this.failed(record, refusalOf(ack.error, chatOf(record)), { tell: true });
  }

  /** Someone has received or read a message. Returns whether WhatsApp's acknowledgement of it is still missing: it has it. */
  received({ id, level }: Receipt): boolean {
    const { log, now } = this.#options;
    const record = log.find(id);
    if (record === undefined || record.state === "failed" || record.readAt !== undefined) return false;
    const isFirst = record.deliveredAt === undefined;
    if (level === "delivered" && !isFirst) return false;
    const changed: MessageRecord = {
      ...{ ...record, deliveredAt: record.deliveredAt ?? now() },
      ...(level === "read" ? { readAt: now() } : {}),
    };
    if (record.sentAt === undefined) {
      log.note(changed);
      return true;
    }
    log.saveSoon({ ...changed, state: level });
    if (isFirst) this.#tell("message.delivered", changed);
    if (level === "read") this.#tell("message.read", changed);
    return false;
  }

  /** It will not be sent. `tell`: by an event; otherwise its caller is told. */
  failed(record: MessageRecord, error: ZpwootError, { tell }: { readonly tell: boolean }): void {
    this.#options.log.saveSoon(failed(record, error));
    if (!tell) return;
    const { code, message } = error;
    this.#options.emit("message.failed", { ...this.#eventOf(record), code, message });
  }

  async #save(record: MessageRecord): Promise<void> {
    const { log, logger, sessionId } = this.#options;
    try {
      await log.save(record);
    } catch (error) {
      // It was sent all the same; asked for again, it is sent under the same id.
      logger.warn({ sessionId, error: messageOf(error) }, "that a message was sent could not be stored yet");
      log.saveSoon(record);
    }
  }

  #tell(name: "message.sent" | "message.delivered" | "message.read", record: MessageRecord): void {
    this.#options.emit(name, this.#eventOf(record));
  }

  #eventOf(record: MessageRecord) {
    const { sessionId } = this.#options;
    return { sessionId, messageId: record.id, chat: chatOf(record), ...keyOf(record) };
  }
}
