/** The tries to send one message, and what is known when the last of them is given up: whether it may have left. */
import { Readable } from "node:stream";
import { kindOf } from "../api/message-input.js";
import { isByteStream, type MessageContent } from "../api/message-content.js";
import type { Sending } from "../async/sending.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { isMedia } from "./content.js";

/** One for all: made for each message that is sent, it would take a stack each time. */
const OVER = new ZpwootError("ABORTED", "The message was given up");

/** One try. */
export interface Attempt extends Sending {
  /** Whether it came so far that the message may have been sent by it. */
  readonly mayHaveLeft: boolean;
  /** WhatsApp is asked about the number, or was. */
  onAsked(isAnswered: boolean): void;
  /** The library has it. `announces`: it says when it is about to encrypt; one that does not may send it at any time from here on. */
  onHandedOver(announces: boolean): void;
  /** Ends all work on it: what is not encrypted by then is not sent. */
  end(): void;
}

/** The tries of one message. One that was not encrypted yet has not left. */
export class Attempts {
  readonly #content: MessageContent;
  readonly #timeoutMs: number;
  readonly #isMedia: boolean;
  #isUploaded = false;
  #asksNumber = false;
  #mayHaveLeft = false;

  constructor(content: MessageContent, timeoutMs: number) {
    this.#content = content;
    this.#timeoutMs = timeoutMs;
    this.#isMedia = isMedia(content);
  }

  /** Whether some try came so far that the message may have been sent. */
  get mayHaveLeft(): boolean {
    return this.#mayHaveLeft;
  }

  begin(): Attempt {
    const ending = new AbortController();
    let [mayHaveLeft, isSilent] = [false, false];
    const onLeaving = (): void => {
      mayHaveLeft = true;
      this.#mayHaveLeft = true;
    };
    return {
      get mayHaveLeft() {
        return mayHaveLeft;
      },
      ...{ signal: ending.signal, onLeaving },
      onAsked: (isAnswered) => {
        // What is answered too late stays unanswered.
        if (!ending.signal.aborted) this.#asksNumber = !isAnswered;
      },
      onHandedOver: (announces) => {
        isSilent = !announces;
        if (isSilent && !this.#isMedia) onLeaving();
      },
      onUploaded: () => {
        this.#isUploaded = true;
        if (isSilent) onLeaving();
      },
      end: () => ending.abort(OVER),
    };
  }

  /** Lets go of a stream that nobody has read to its end. */
  release(): void {
    for (const value of Object.values(this.#content))
      if (isByteStream(value) && value instanceof Readable) value.on("error", () => {}).destroy();
  }

  /** The error when WhatsApp did not acknowledge it in time. */
  tooLate(): ZpwootError {
    if (this.mayHaveLeft) return this.#unacknowledged();
    if (!this.#isMedia || this.#isUploaded || this.#asksNumber) return this.#unanswered();
    const said = `the file was not read and uploaded within ${this.#timeoutMs} ms`;
    const cause = new ZpwootError("TIMEOUT", said);
    return this.#notSent(`${said}. Raise timeoutMs, or see why the file takes so long`, cause);
  }

  /** The error when the connection is lost, and the bytes of the message with it. */
  lost(): ZpwootError {
    if (this.mayHaveLeft) return this.#unacknowledged();
    return this.#notSent(
      "the connection was lost while the stream was read. Send it again with a new stream, or with a path or bytes",
    );
  }

  /** The error when no connection came back in time. */
  withoutConnection(): ZpwootError {
    if (this.mayHaveLeft) return this.#unacknowledged();
    const text = `The connection was lost and did not come back within ${this.#timeoutMs} ms, and nothing was sent. \
Send the message again, or hand it over with queue: true`;
    return new ZpwootError("SESSION_NOT_CONNECTED", text);
  }

  #notSent(why: string, cause?: ZpwootError): ZpwootError {
    const text = `Nothing was sent: ${kindOf(this.#content)}: ${why}`;
    return new ZpwootError("MEDIA_FAILED", text, { cause });
  }

  /** The error when something else ends the wait for WhatsApp's acknowledgement of a message that may have left. */
  unconfirmed(why: string, cause?: unknown): ZpwootError {
    const isSessionGone = isZpwootError(cause, "SESSION_NOT_FOUND");
    const cure = ". Send it again with the same idempotencyKey: it is shown once, however often it arrives";
    const text = `${why}: it may or may not have been sent${isSessionGone ? "" : cure}`;
    return new ZpwootError("MESSAGE_UNCONFIRMED", text, { cause });
  }

  #unacknowledged(): ZpwootError {
    return this.unconfirmed(`WhatsApp did not acknowledge the message within ${this.#timeoutMs} ms`);
  }

  /** WhatsApp is silent about what has to be asked before a message can be encrypted. */
  #unanswered(): ZpwootError {
    const what = this.#asksNumber
      ? "whether the number has an account"
      : "which devices and keys the recipient has";
    const text = `Nothing was sent: WhatsApp did not say within ${this.#timeoutMs} ms ${what}. Send it again, or raise timeoutMs`;
    return new ZpwootError("TIMEOUT", text);
  }
}
