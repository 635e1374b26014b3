/** The tries to send one message, and what is known when the last of them is given up: whether it may have left. */
import { Readable } from "node:stream";
import { kindOf } from "../api/message-input.js";
import { isByteStream, type MessageContent } from "../api/message-content.js";
import type { Sending } from "../async/sending.js";
import { ZpwootError } from "../errors.js";
import { isMedia } from "./content.js";

/** One for all: made for each message that is sent, it would take a stack each time. */
const OVER = new ZpwootError("ABORTED", "The message was given up");

/** One try. */
export interface Attempt extends Sending {
  /** Ends all work on its file. */
  end(): void;
}

/** The tries of one message. A file that WhatsApp does not have yet is a message that has not left. */
export class Attempts {
  readonly #content: MessageContent;
  readonly #timeoutMs: number;
  readonly #isMedia: boolean;
  #isUploaded = false;

  constructor(content: MessageContent, timeoutMs: number) {
    this.#content = content;
    this.#timeoutMs = timeoutMs;
    this.#isMedia = isMedia(content);
  }

  /** Whether some try came so far that the message may have been sent. */
  get mayHaveLeft(): boolean {
    return !this.#isMedia || this.#isUploaded;
  }

  begin(): Attempt {
    const ending = new AbortController();
    return {
      signal: ending.signal,
      onUploaded: () => (this.#isUploaded = true),
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
    if (this.mayHaveLeft) return this.#unconfirmed();
    const said = `the file was not read and uploaded within ${this.#timeoutMs} ms`;
    const cause = new ZpwootError("TIMEOUT", said);
    return this.#notSent(`${said}. Raise timeoutMs, or see why the file takes so long`, cause);
  }

  /** The error when the connection is lost, and the bytes of the message with it. */
  lost(): ZpwootError {
    if (this.mayHaveLeft) return this.#unconfirmed();
    return this.#notSent(
      "the connection was lost while the stream was read. Send it again with a new stream, or with a path or bytes",
    );
  }

  /** The error when no connection came back in time. */
  withoutConnection(): ZpwootError {
    if (this.mayHaveLeft) return this.#unconfirmed();
    const text = `The connection was lost and did not come back within ${this.#timeoutMs} ms, and nothing was sent. \
Send the message again, or hand it over with queue: true`;
    return new ZpwootError("SESSION_NOT_CONNECTED", text);
  }

  #notSent(why: string, cause?: ZpwootError): ZpwootError {
    const text = `Nothing was sent: ${kindOf(this.#content)}: ${why}`;
    return new ZpwootError("MEDIA_FAILED", text, { cause });
  }

  #unconfirmed(): ZpwootError {
    const text = `WhatsApp did not acknowledge the message within ${this.#timeoutMs} ms: it may or may not have been sent. \
Send it again with the same idempotencyKey: it is shown once, however often it arrives`;
    return new ZpwootError("MESSAGE_UNCONFIRMED", text);
  }
}
