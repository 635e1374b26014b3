/** The messages that one session sends: each once, or its caller is told. */
import { setMaxListeners } from "node:events";
import type { MessageContent } from "../api/message-content.js";
import type { SendMessageOptions, SentMessage } from "../api/messages.js";
import { once } from "../async/once.js";
import { messageOf, ZpwootError } from "../errors.js";
import { familySpace } from "../store/space/key-space.js";
import type { Store } from "../store/store.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import { HandOver } from "./hand-over.js";
import { Line } from "./line.js";
import { MessageLog } from "./message-log.js";
import { MessageStates } from "./message-states.js";
import { answerOf, fingerprintOf, type MessageRecord } from "./message-record.js";
import { Numbers } from "./numbers.js";
import { checkAuthor } from "./own-messages.js";
import { Pace } from "./pace.js";
import type { Receipt } from "./receipts.js";
import { recipientJid } from "../whatsapp/recipient.js";
import { SendQueue } from "./send-queue.js";
import type { MessagesServices, SendingSession } from "./services.js";
import { Transmitter } from "./transmitter.js";

/** The family of the records. */
const FAMILY = "message";

interface Running {
  readonly print: string;
  readonly answer: Promise<SentMessage>;
}

/** Whether messages of a session are stored. Rejects with a store error. */
export async function hasMessages(store: Store, sessionId: string): Promise<boolean> {
  return (await familySpace(store, sessionId, FAMILY).keys()).length > 0;
}

/** What one session has sent and is to send. */
export class SessionMessages {
  readonly #sessionId: string;
  readonly #logger: MessagesServices["logger"];
  readonly #ending = new AbortController();
  readonly #line: Line;
  readonly #log: MessageLog;
  readonly #states: MessageStates;
  readonly #transmitter: Transmitter;
  readonly #queue: SendQueue;
  readonly #handOver: HandOver;
  /** Calls with a key that have no answer yet. */
  readonly #running = new Map<string, Running>();
  readonly #load = once(async () => {
    await this.#log.load();
    this.#queue.wake();
  });

  constructor(sessionId: string, session: () => SendingSession | undefined, services: MessagesServices) {
    const { store, limits, logger, now, steadyNow, library, random, sleep } = services;
    const { signal } = this.#ending;
    // One listener per message on its way: with eleven, Node would warn of a leak.
    setMaxListeners(0, signal);
    this.#sessionId = sessionId;
    this.#logger = logger;
    this.#line = new Line(() => session()?.socket);
    const space = familySpace(store, sessionId, FAMILY);
    this.#log = new MessageLog({ sessionId, space, keep: limits.keep, keepMs: limits.keepMs, now, logger });
    const { log, line } = { log: this.#log, line: this.#line };
    this.#states = new MessageStates({ sessionId, log, logger, now, emit: services.emit });
    this.#transmitter = new Transmitter({ line, numbers: new Numbers(), library, now: steadyNow, signal });
    this.#handOver = new HandOver({
      ...{ services, log, line, states: this.#states, transmitter: this.#transmitter, signal },
      onQueued: () => this.#queue.wake(),
    });
    this.#queue = new SendQueue({
      ...{ log, line, pace: new Pace(limits.pace, random), now, steadyNow, sleep, signal },
      send: (record, queued) => this.#handOver.sendQueued(record, queued),
      fail: (record, error) => this.#states.failed(record, error, { tell: true }),
    });
  }

  /** See `SessionManager.sendMessage`. `content` and `options` must be checked. */
  async send(to: string, content: MessageContent, options: SendMessageOptions): Promise<SentMessage> {
    const jid = recipientJid(to, "to");
    checkAuthor(content, jid);
    this.#ending.signal.throwIfAborted();
    await this.#load();
    const { idempotencyKey: key } = options;
    if (key === undefined)
      return this.#handOver.handOver(this.#handOver.newRecord(jid, content), content, options);
    const print = fingerprintOf(jid, content);
    const known = this.#log.byKey(key);
    const running = this.#running.get(key);
    if ((running ?? known)?.print !== undefined && (running ?? known)?.print !== print) throw conflict();
    if (running !== undefined) return running.answer;
    if (known !== undefined && isAnswered(known)) return answerOf(known);
    const record = { ...this.#handOver.newRecord(jid, content), ...again(known), key, print };
    const answer = this.#handOver.handOver(record, content, options);
    this.#running.set(key, { print, answer });
    try {
      return await answer;
    } finally {
      this.#running.delete(key);
    }
  }

  /** What is kept of a message. Rejects with `MESSAGE_NOT_FOUND`. */
  async find(id: string): Promise<MessageRecord> {
    await this.#load();
    const record = this.#log.find(id);
    if (record === undefined)
      throw new ZpwootError("MESSAGE_NOT_FOUND", "No message with this id is kept for the session");
    return record;
  }

  /** The session's state has changed. */
  changed(): void {
    this.#line.changed();
    if (this.#line.open === undefined) return;
    this.#load().then(
      () => this.#queue.wake(),
      (error: unknown) => this.#warn("the queue of messages could not be read", error),
    );
  }

  /** WhatsApp has acknowledged a message of this session, sent here or elsewhere. */
  acknowledged(ack: MessageAck): void {
    if (this.#transmitter.acknowledge(ack)) return;
    this.#states.late(ack);
  }

  /** Someone has received or read messages. */
  received(receipts: readonly Receipt[]): void {
    this.#load().then(
      () => {
        for (const receipt of receipts)
          // Who has it got it from WhatsApp.
          if (this.#states.received(receipt)) this.acknowledged({ id: receipt.id });
      },
      () => {},
    );
  }

  /** The account is linked no more: what is queued was meant for that link. */
  loggedOut(): void {
    this.#load().then(
      () => {
        const error = new ZpwootError("SESSION_NOT_CONNECTED", "The session was logged out");
        for (const record of this.#log.queued()) this.#states.failed(record, error, { tell: true });
      },
      () => {},
    );
  }

  /** Sends nothing more from the queue. Settles when what is on its way is acknowledged, or has failed. Never rejects. */
  async drained(): Promise<void> {
    this.#queue.close();
    await this.#handOver.drained();
  }

  /** Ends what waits, with the error. What is queued stays in the store. Settles when the rest is stored. Never rejects. */
  async end(error: ZpwootError, { keep }: { readonly keep: boolean }): Promise<void> {
    this.#ending.abort(error);
    this.#queue.close();
    // Their files are let go, and what was written of them is removed.
    await this.#handOver.drained();
    if (keep) await this.#log.flush();
    this.#log.close();
  }

  #warn(text: string, error: unknown): void {
    this.#logger.warn({ sessionId: this.#sessionId, error: messageOf(error) }, text);
  }
}

/** Whether the same answer is given again. What failed, or may not have left, is sent again under its id. */
function isAnswered({ state, queued }: MessageRecord): boolean {
  return queued !== undefined || state === "sent" || state === "delivered" || state === "read";
}

/** What stays the same when a message is sent again. */
function again(known: MessageRecord | undefined): Partial<MessageRecord> {
  if (known === undefined) return {};
  const { id, seq, createdAt, secret, jid } = known;
  return { id, seq, createdAt, secret, ...(jid === undefined ? {} : { jid }) };
}

function conflict(): ZpwootError {
  const text =
    "The idempotencyKey was used for another recipient or content: each message needs a key of its own";
  return new ZpwootError("IDEMPOTENCY_CONFLICT", text);
}
