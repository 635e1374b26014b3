/** Hands messages to WhatsApp and waits for its own acknowledgement: the library's promise settles before the message has left. */
import type { MessageContent } from "../api/message-content.js";
import { waitFor } from "../async/deadline.js";
import { withAnyOf } from "../async/forward-abort.js";
import { sendingFor } from "../async/sending.js";
import { messageOf } from "../errors.js";
import type { SocketFactory, WhatsAppSocket } from "../whatsapp/library.js";
import type { MessageAck } from "../whatsapp/socket-hooks.js";
import { isMedia, isOneShot, libraryMessage } from "./content.js";
import type { Line, OpenLine } from "./line.js";
import type { Numbers } from "./numbers.js";
import { Attempts, type Attempt } from "./attempts.js";
import { failureOf, refusalOf } from "./refusals.js";

/** How soon a connection that failed is known to be lost; how long to wait before another try on one that lives on. */
const LOST_MS = 1_000;
/** How long a library that is told to give up a file may take to remove what it wrote. */
const CLEAN_UP_MS = 1_000;

/** What a {@link Transmitter} needs. */
export interface TransmitterOptions {
  readonly line: Line;
  readonly numbers: Numbers;
  readonly library: () => Promise<Pick<SocketFactory, "lacksPolls" | "announcesSends">>;
  /** Milliseconds, for waits. */
  readonly now: () => number;
  /** Ends every wait, with its reason. */
  readonly signal: AbortSignal;
}

/** One message to hand over. */
export interface Transmission {
  readonly id: string;
  readonly jid: string;
  readonly content: MessageContent;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  /** Ask first under which form the number has an account. */
  readonly checkNumber: boolean;
  /** The form that was found. */
  readonly onNumber: (jid: string) => void;
}

interface AnySocket {
  sendMessage(jid: string, content: object, options: object): Promise<unknown>;
}

type Outcome =
  | { readonly by: "ack"; readonly ack: MessageAck; readonly jid: string }
  | { readonly by: "error"; readonly error: unknown; readonly jid: string; readonly leftBefore: boolean }
  | { readonly by: "lost" | "timeout" };

/** The way out of one session. */
export class Transmitter {
  readonly #options: TransmitterOptions;
  readonly #waiting = new Map<string, (ack: MessageAck) => void>();

  constructor(options: TransmitterOptions) {
    this.#options = options;
  }

  /** WhatsApp has acknowledged a message, or refused it. Returns whether someone waits for that. */
  acknowledge(ack: MessageAck): boolean {
    const settle = this.#waiting.get(ack.id);
    settle?.(ack);
    return settle !== undefined;
  }

  /**
   * Sends a message, again on the next connection when one is lost: phones drop a message that comes again under its id. Settles with
   * WhatsApp's acknowledgement. Rejects with what it was refused with; when none came, with `MESSAGE_UNCONFIRMED` if it may have left. If it
   * has not, it is not sent later either: `MEDIA_FAILED` when its file was not uploaded in time, `TIMEOUT` when WhatsApp did not answer what
   * had to be asked before. A stream is destroyed when its message is not sent.
   */
  async send(message: Transmission): Promise<MessageAck> {
    const attempts = new Attempts(message.content, message.timeoutMs);
    try {
      return await this.#send(message, attempts);
    } catch (error) {
      if (error !== this.#options.signal.reason || !attempts.mayHaveLeft) throw error;
      throw attempts.unconfirmed(`${messageOf(error)} before WhatsApp acknowledged the message`, error);
    } finally {
      attempts.release();
    }
  }

  async #send(message: Transmission, attempts: Attempts): Promise<MessageAck> {
    const { line, now, signal } = this.#options;
    const endsAt = now() + message.timeoutMs;
    for (;;) {
      const open = await line.opened(endsAt - now(), signal);
      if (open === undefined) throw attempts.withoutConnection();
      const outcome = await this.#try(open, message, endsAt, attempts);
      if (outcome.by === "ack") {
        const { error } = outcome.ack;
        if (error !== undefined) throw refusalOf(error, outcome.jid);
        return outcome.ack;
      }
      if (outcome.by === "error") {
        const failure = failureOf(outcome.error, outcome.jid, isMedia(message.content));
        if (failure.kind === "final" && outcome.leftBefore)
          throw attempts.unconfirmed("The message could not be sent again", failure.error);
        if (failure.kind === "final") throw failure.error;
      }
      if (outcome.by === "timeout") throw attempts.tooLate();
      if (isOneShot(message.content)) throw attempts.lost();
      if (outcome.by === "error") await this.#lost(open, endsAt - now());
    }
  }

  async #try(open: OpenLine, message: Transmission, endsAt: number, attempts: Attempts): Promise<Outcome> {
    const { now, signal } = this.#options;
    const { id } = message;
    let { jid } = message;
    const leftBefore = attempts.mayHaveLeft;
    const attempt = attempts.begin();
    let handed: Promise<void> = Promise.resolve();
    const outcome = new Promise<Outcome>((resolve) => {
      this.#waiting.set(id, (ack) => resolve({ by: "ack", ack, jid }));
      const found = (one: string): void => {
        jid = one;
      };
      handed = sendingFor(attempt, () => this.#hand(open.socket, message, attempt, found)).catch(
        (error: unknown) => resolve({ by: "error", error, jid, leftBefore }),
      );
    });
    try {
      const result = await withAnyOf([open.lost, signal], (ends) =>
        waitFor(outcome, { timeoutMs: Math.max(0, endsAt - now()), signal: ends }),
      );
      if (result.by === "value") return result.value;
      signal.throwIfAborted();
      return { by: result.by === "abort" ? "lost" : "timeout" };
    } finally {
      this.#waiting.delete(id);
      attempt.end();
      // Who is told that nothing was sent finds nothing in the temporary folder.
      if (isMedia(message.content) && !attempts.mayHaveLeft)
        await waitFor(handed, { timeoutMs: CLEAN_UP_MS });
    }
  }

  async #hand(
    socket: WhatsAppSocket,
    message: Transmission,
    attempt: Attempt,
    found: (jid: string) => void,
  ): Promise<void> {
    const { numbers, library } = this.#options;
    const { lacksPolls = false, announcesSends = false } = await library();
    let { jid } = message;
    if (message.checkNumber) {
      attempt.onAsked(false);
      jid = await numbers.find(socket, jid);
      attempt.onAsked(true);
      found(jid);
      message.onNumber(jid);
    }
    const { content, quoted } = libraryMessage(message.content, { ...message, jid, lacksPolls });
    attempt.signal.throwIfAborted();
    attempt.onHandedOver(announcesSends);
    // Its types differ with the library.
    await (socket as unknown as AnySocket).sendMessage(jid, content, {
      ...{ messageId: message.id },
      ...(quoted === undefined ? {} : { quoted }),
    });
  }

  /** Settles when the connection is lost, or after a moment. */
  async #lost({ lost }: OpenLine, leftMs: number): Promise<void> {
    const { signal } = this.#options;
    const timeoutMs = Math.min(LOST_MS, Math.max(0, leftMs));
    await withAnyOf([lost, signal], (ends) =>
      waitFor(new Promise<never>(() => {}), { timeoutMs, signal: ends }),
    );
    signal.throwIfAborted();
  }
}
