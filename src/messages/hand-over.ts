/** Hands messages over: to WhatsApp at once, or to the queue in the store. */
import type { MessageContent } from "../api/message-content.js";
import type { SendMessageOptions, SentMessage } from "../api/messages.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import { isMedia, kindOfChecked } from "./content.js";
import type { Line } from "./line.js";
import type { MessageLog } from "./message-log.js";
import {
  answerOf,
  chatOf,
  newMessageId,
  newSecret,
  type MessageRecord,
  type QueuedPart,
} from "./message-record.js";
import type { MessageStates } from "./message-states.js";
import { storableContent } from "./queued-content.js";
import type { MessagesServices } from "./services.js";
import type { Transmitter } from "./transmitter.js";

/** How long WhatsApp may take, by default; with a file, which is uploaded first. */
const TIMEOUT_MS = 30_000;
const MEDIA_TIMEOUT_MS = 120_000;
const EXPIRES_MS = 24 * 60 * 60_000;
/** How much of the queue one message may take. */
const SHARE = 4;

/** A message and how it is sent: `tell` by an event, should it fail. */
type Transmitted = readonly [
  record: MessageRecord,
  content: MessageContent,
  how: { readonly checkNumber: boolean; readonly timeoutMs?: number | undefined; readonly tell: boolean },
];

/** What a {@link HandOver} needs. */
export interface HandOverOptions {
  readonly services: Pick<MessagesServices, "limits" | "now">;
  readonly log: MessageLog;
  readonly line: Line;
  readonly states: MessageStates;
  readonly transmitter: Transmitter;
  /** A message is in the queue. */
  readonly onQueued: () => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The way from a caller to WhatsApp, for one session. */
export class HandOver {
  readonly #options: HandOverOptions;
  readonly #onTheirWay = new Set<Promise<unknown>>();

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** A message that is not there yet. */
  newRecord(to: string, content: MessageContent): MessageRecord {
    return {
      ...{ version: 1, id: newMessageId(), to, kind: kindOfChecked(content), state: "sending" },
      ...{
        seq: this.#options.log.nextSeq(),
        createdAt: this.#options.services.now(),
        wasQueued: false,
        secret: newSecret(),
      },
    };
  }

  /** Sends it now, or keeps it in the queue. Settles with the answer for the caller. */
  handOver(
    record: MessageRecord,
    content: MessageContent,
    options: SendMessageOptions,
  ): Promise<SentMessage> {
    return options.queue === true
      ? this.#enqueue(record, content, options)
      : this.#sendNow(record, content, options);
  }

  async #enqueue(
    record: MessageRecord,
    given: MessageContent,
    { checkNumber = false, expiresInMs = EXPIRES_MS }: SendMessageOptions,
  ): Promise<SentMessage> {
    const { limits, now } = this.#options.services;
    const mostBytes = Math.floor(limits.maxQueuedBytes / SHARE);
    const { content, bytes } = await storableContent(given, mostBytes, this.#options.signal);
    const waiting = this.#options.log.queued();
    const used = waiting.reduce((sum, { queued }) => sum + (queued?.bytes ?? 0), 0);
    if (waiting.length >= limits.maxQueued || used + bytes > limits.maxQueuedBytes) throw queueFull();
    const queued = { content, checkNumber, bytes, expiresAt: now() + expiresInMs };
    const stored: MessageRecord = { ...record, state: "queued", wasQueued: true, queued };
    await this.#saveOrDrop(stored);
    this.#options.onQueued();
    return answerOf(stored);
  }

  async #sendNow(
    record: MessageRecord,
    content: MessageContent,
    { checkNumber = false, timeoutMs, idempotencyKey }: SendMessageOptions,
  ): Promise<SentMessage> {
    if (this.#options.line.open === undefined) throw notConnected();
    // Before the message leaves, or a crash would leave a message that nobody knows of.
    if (idempotencyKey === undefined) this.#options.log.note(record);
    else await this.#saveOrDrop(record);
    return answerOf(await this.#transmit(record, content, { checkNumber, timeoutMs, tell: false }));
  }

  /** Sends a message of the queue. Settles when that is noted; rejects with why it was not sent. */
  async sendQueued(record: MessageRecord, { content, checkNumber }: QueuedPart): Promise<void> {
    this.#options.log.note({ ...record, state: "sending" });
    try {
      await this.#transmit(record, content, { checkNumber, tell: true });
    } catch (error) {
      this.#options.log.note({ ...(this.#options.log.find(record.id) ?? record), state: "queued" });
      throw error;
    }
  }

  /** Settles when every message that is on its way is acknowledged, or has failed. Never rejects. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#onTheirWay);
  }

  async #transmit(...message: Transmitted): Promise<MessageRecord> {
    const sending = this.#send(...message);
    this.#onTheirWay.add(sending);
    try {
      return await sending;
    } finally {
      this.#onTheirWay.delete(sending);
    }
  }

  async #send(...[record, content, how]: Transmitted): Promise<MessageRecord> {
    const { id, secret } = record;
    const timeoutMs = how.timeoutMs ?? (isMedia(content) ? MEDIA_TIMEOUT_MS : TIMEOUT_MS);
    const onNumber = (jid: string): void => {
      this.#options.log.note({ ...(this.#options.log.find(id) ?? record), jid });
    };
    // A number that was asked for is not asked for again.
    const checkNumber = how.checkNumber && record.jid === undefined;
    const message = { id, jid: chatOf(record), content, secret, timeoutMs, checkNumber, onNumber };
    let ack: MessageAck;
    try {
      ack = await this.#options.transmitter.send(message);
    } catch (error) {
      const current = this.#options.log.find(id) ?? record;
      if (isZpwootError(error, "MESSAGE_UNCONFIRMED")) this.#options.log.saveSoon(current);
      else if (!how.tell && !this.#options.signal.aborted && isZpwootError(error))
        this.#options.states.failed(current, error, { tell: false });
      throw error;
    }
    return this.#options.states.sent(this.#options.log.find(id) ?? record, ack);
  }

  async #saveOrDrop(record: MessageRecord): Promise<void> {
    try {
      await this.#options.log.save(record);
    } catch (error) {
      this.#options.log.drop(record);
      throw error;
    }
  }
}

function notConnected(): ZpwootError {
  const text = "Session is not connected: connect it, or hand the message over with queue: true";
  return new ZpwootError("SESSION_NOT_CONNECTED", text);
}

function queueFull(): ZpwootError {
  const text =
    "The session's queue of messages is full: wait until some are sent, or raise messages.maxQueued and maxQueuedBytes";
  return new ZpwootError("QUEUE_FULL", text);
}
