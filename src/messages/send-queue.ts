/** Works off the queued messages of one session: in order, one at a time, at the session's pace, while it is connected. */
import { withAnyOf } from "../async/forward-abort.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { Line } from "./line.js";
import type { MessageLog } from "./message-log.js";
import type { MessageRecord, QueuedPart } from "./message-record.js";
import type { Pace } from "./pace.js";
import { chatOf } from "./message-record.js";

/** How long a pause is after WhatsApp said that the account is too fast; it doubles each time, up to the second. */
const SLOW_DOWN_MS = 60_000;
const MAX_SLOW_DOWN_MS = 15 * 60_000;
/** A message that WhatsApp acknowledges on none of so many connections that stay open is given up. */
const MAX_UNCONFIRMED = 5;
/** The pause after a store that does not answer, and after a message without acknowledgement. */
const RETRY_MS = 2_000;

/** What is over some day, without the message. */
const NOT_ITS_FAULT = ["SESSION_NOT_CONNECTED", "STORE_UNAVAILABLE", "TEMP_UNAVAILABLE"] as const;

/** What a {@link SendQueue} needs. */
export interface SendQueueOptions {
  readonly log: MessageLog;
  readonly line: Line;
  readonly pace: Pace;
  /** Sends a message. Settles when that is noted; rejects with why it was not sent. */
  readonly send: (record: MessageRecord, queued: QueuedPart) => Promise<void>;
  /** Notes that a message will not be sent. */
  readonly fail: (record: MessageRecord, error: ZpwootError) => void;
  /** Milliseconds since the epoch: of what is stored. */
  readonly now: () => number;
  /** Milliseconds, of a clock that nobody sets. */
  readonly steadyNow: () => number;
  /** Settles after the time, or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The queue of one session. */
export class SendQueue {
  readonly #options: SendQueueOptions;
  #running = false;
  /** Asked for while it was running. */
  #again = false;
  #nextExpiry: NodeJS.Timeout | undefined;
  #closed = false;
  /** When the next message may leave, by the steady clock, and which one that is for. */
  #due: { readonly id: string; readonly at: number } | undefined;
  #pausedUntil = 0;
  #refusals = 0;
  readonly #unconfirmed = new Map<string, number>();

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** A message was queued, or the session is connected again. */
  wake(): void {
    if (this.#closed || this.#options.signal.aborted) return;
    this.#again = this.#running;
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#nextExpiry);
    void this.#work().finally(() => {
      this.#running = false;
      if (this.#again) this.wake();
      else this.#watchExpiry();
    });
  }

  async #work(): Promise<void> {
    const { signal, line, steadyNow, sleep } = this.#options;
    while (!signal.aborted && !this.#closed) {
      const head = this.#head();
      const open = line.open;
      if (head === undefined || open === undefined) return;
      const waitMs = this.#dueAt(head.record) - steadyNow();
      if (waitMs > 0) await withAnyOf([signal, open.lost], (ends) => sleep(waitMs, ends));
      else await this.#sendOne(head.record, head.queued);
    }
  }

  /** The first message that is not too late. */
  #head(): { readonly record: MessageRecord; readonly queued: QueuedPart } | undefined {
    const { log, fail, now } = this.#options;
    for (const record of log.queued()) {
      const { queued } = record;
      if (queued === undefined) continue;
      if (queued.expiresAt > now()) return { record, queued };
      fail(record, new ZpwootError("MESSAGE_EXPIRED", "The message was not sent before its time was over"));
    }
    return undefined;
  }

  #dueAt(record: MessageRecord): number {
    if (this.#due?.id !== record.id) {
      const { log, pace, now, steadyNow } = this.#options;
      const { last, toChat } = log.sentBefore(chatOf(record));
      const gapMs = pace.gapMs(!toChat);
      // A time that is still to come was noted before the clock was set back.
      const passedMs = last === undefined ? Infinity : Math.max(0, now() - last);
      this.#due = { id: record.id, at: steadyNow() + Math.max(0, gapMs - passedMs) };
    }
    return Math.max(this.#due.at, this.#pausedUntil);
  }

  async #sendOne(record: MessageRecord, queued: QueuedPart): Promise<void> {
    const { send, signal } = this.#options;
    try {
      await send(record, queued);
      this.#refusals = 0;
      this.#unconfirmed.delete(record.id);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#notSent(record, thrown);
    }
  }

  #notSent(record: MessageRecord, thrown: unknown): void {
    const { fail, steadyNow, line } = this.#options;
    if (isZpwootError(thrown, "RATE_LIMITED")) {
      this.#pausedUntil = steadyNow() + Math.min(SLOW_DOWN_MS * 2 ** this.#refusals, MAX_SLOW_DOWN_MS);
      this.#refusals += 1;
      return;
    }
    if (isTooLate(thrown) || isZpwootError(thrown, ...NOT_ITS_FAULT)) {
      this.#pausedUntil = steadyNow() + RETRY_MS;
      // Without a connection it was not the message's fault.
      if (!isTooLate(thrown) || line.open === undefined) return;
      const times = (this.#unconfirmed.get(record.id) ?? 0) + 1;
      this.#unconfirmed.set(record.id, times);
      if (times < MAX_UNCONFIRMED) return;
    }
    this.#unconfirmed.delete(record.id);
    fail(record, asZpwootError(thrown));
  }

  /** While nothing can be sent, what is too late is told all the same. */
  #watchExpiry(): void {
    const { log, now, signal } = this.#options;
    const next = Math.min(...log.queued().map(({ queued }) => queued?.expiresAt ?? Infinity));
    if (next === Infinity || signal.aborted || this.#closed) return;
    const MAX_WAIT_MS = 60 * 60_000;
    const waitMs = Math.min(Math.max(0, next - now()), MAX_WAIT_MS);
    this.#nextExpiry = setTimeout(() => this.wake(), waitMs).unref();
  }

  /** Sends no further message, and leaves no timer behind. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#nextExpiry);
  }
}

/** Not acknowledged or answered in time, or its file not uploaded: another try may go better. */
function isTooLate(thrown: unknown): boolean {
  if (isZpwootError(thrown, "MEDIA_FAILED")) return isZpwootError(thrown.cause, "TIMEOUT");
  return isZpwootError(thrown, "MESSAGE_UNCONFIRMED", "TIMEOUT");
}

function asZpwootError(thrown: unknown): ZpwootError {
  return isZpwootError(thrown)
    ? thrown
    : new ZpwootError("WHATSAPP_REFUSED", "The message could not be sent", { cause: thrown });
}
