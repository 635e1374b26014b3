/** A form that is sent with a file: JSON in its part `message`, then the bytes in its part `file`, which are passed on as they come. */
import { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { isFields } from "../../api/validation.js";
import { assertPlain, bodyTooLarge, bodyTooSlow, declaredBytes, parsedJson } from "./body.js";
import { cutOff, emptyFile, missingPart, notJson, tooManyParts, wrongPart } from "./form-parts.js";
import { badRequest, type HttpRequest } from "./message.js";
import { untilAborted } from "./settled-within.js";

const MAX_MESSAGE_BYTES = 1024 * 1024;
/** As much as WhatsApp stores; what a kind of message may have, the engine counts. */
const MAX_FILE_BYTES = 2 * 1024 * 1024 * 1024;
/** How long the part `message` may take, and how long a client may send nothing, in milliseconds. */
const MESSAGE_MS = 30_000;
const IDLE_MS = 15_000;
/** How long the rest of a form is read whose answer is there already, in milliseconds. */
const REST_MS = 5_000;
const CLOSED = new Error("The form is not read any more");

/**
 * Begins to read a form. Throws an `HttpError` for one that can't be read: without a boundary, compressed, or larger than any file
 * that can be sent. The caller closes it.
 */
export function openForm(request: HttpRequest): UploadForm {
  assertPlain(request);
  if (declaredBytes(request.header("content-length")) > MAX_FILE_BYTES + MAX_MESSAGE_BYTES)
    throw bodyTooLarge();
  let parser: BusboyInstance;
  try {
    parser = new Busboy({
      headers: { "content-type": request.header("content-type") ?? "" },
      // By default a part without a file's name is taken into memory as text.
      isPartAFile: () => true,
      // A third part is reported. So is each that has no name: the parser passes over those, but counts them.
      limits: { parts: 2, headerPairs: 32, headerSize: 16 * 1024 },
    });
  } catch {
    const text =
      "Content-Type multipart/form-data must have a boundary: leave this header to your HTTP client";
    throw badRequest(text);
  }
  return new UploadForm(request, parser);
}

/** A form that is being read. */
export class UploadForm {
  /** The JSON of the part `message`, unchecked; when the part `file` has begun. Rejects with an `HttpError`. */
  readonly message: Promise<unknown>;
  /** The bytes of the file. It ends when the whole form was right, and fails otherwise: half a file is never taken for a whole one. */
  readonly file: Readable;
  /** Settles when nothing more is read, whatever the reason. Never rejects. */
  readonly ended: Promise<void>;
  readonly #parser: BusboyInstance;
  readonly #ending = new AbortController();
  readonly #finished: Promise<void>;
  #failure: Error | undefined;
  #parts = 0;
  #fileBytes = 0;
  #json: { readonly value: unknown } | undefined;
  #source: Readable | undefined;
  #opened: (message: unknown) => void = () => {};

  constructor(request: HttpRequest, parser: BusboyInstance) {
    this.#parser = parser;
    this.file = new Readable({
      read: () => void this.#source?.resume(),
      // Who reads it has enough: then nothing more is read of the request, either.
      destroy: (error, done) => {
        this.#ending.abort(CLOSED);
        done(error);
      },
    }).on("error", () => {});
    const { signal } = this.#ending;
    this.message = new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#fail(bodyTooSlow()), MESSAGE_MS);
      signal.addEventListener("abort", () => {
        clearTimeout(late);
        reject(this.#failure ?? CLOSED);
      });
      this.#opened = (message) => {
        clearTimeout(late);
        resolve(message);
      };
    });
    this.message.catch(() => {});
    parser
      .on("file", (name, part, _, encoding) => this.#onPart(name, part, encoding))
      .on("partsLimit", () => this.#fail(badRequest(tooManyParts())))
      .on("error", () => this.#fail(badRequest(cutOff())));
    this.#finished = new Promise((resolve) => parser.on("finish", resolve));
    this.ended = this.#read(request).catch((error: unknown) => this.#fail(error));
  }

  /** Why the form can't be read to its end, an `HttpError` if it is the client's fault; undefined while it can be, or is not read any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Reads and drops the rest, so that a client that sends everything before it listens gets the answer. Not for long. */
  async drop(): Promise<void> {
    const timer = setTimeout(() => this.close(), REST_MS);
    this.file.resume();
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends reading. A file that is not whole fails. */
  close(): void {
    this.#ending.abort(CLOSED);
    if (!this.file.readableEnded) this.file.destroy(this.#failure ?? CLOSED);
  }

  async #read(request: HttpRequest): Promise<void> {
    const { signal } = this.#ending;
    let idle: NodeJS.Timeout | undefined;
    const waitForClient = (): void => {
      idle = setTimeout(() => this.#fail(bodyTooSlow()), IDLE_MS);
    };
    const take = async (piece: Uint8Array): Promise<void> => {
      clearTimeout(idle);
      await this.#parse(piece);
      waitForClient();
    };
    waitForClient();
    try {
      await request.pipeBody(take, signal);
    } finally {
      clearTimeout(idle);
    }
    this.#parser.end();
    await untilAborted(this.#finished, signal);
    if (this.#parts < 2) throw badRequest(missingPart(this.#parts));
    if (this.#fileBytes === 0) throw badRequest(emptyFile());
    this.file.push(null);
  }

  #parse(piece: Uint8Array): Promise<void> {
    const { buffer, byteOffset, length } = piece;
    const taken = new Promise<void>((resolve) => {
      this.#parser.write(Buffer.from(buffer, byteOffset, length), () => resolve());
    });
    return untilAborted(taken, this.#ending.signal);
  }

  #onPart(name: unknown, part: BusboyFileStream, encoding: string): void {
    this.#parts += 1;
    // The parser tells of it, too.
    part.on("error", () => {});
    const wrong = wrongPart(this.#parts, name, encoding);
    if (wrong !== undefined) this.#fail(badRequest(wrong));
    else if (this.#parts === 1) this.#onMessage(part);
    else this.#onFile(part);
  }

  #onMessage(part: BusboyFileStream): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    part.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_MESSAGE_BYTES) this.#fail(bodyTooLarge());
      else chunks.push(chunk);
    });
    part.on("end", () => {
      const value = parsedJson(Buffer.concat(chunks));
      if (!isFields(value)) return this.#fail(badRequest(notJson()));
      this.#json = { value };
      this.#open();
    });
  }

  #onFile(part: BusboyFileStream): void {
    this.#source = part;
    part.on("data", (chunk: Buffer) => {
      if (this.#ending.signal.aborted) return;
      this.#fileBytes += chunk.length;
      if (this.#fileBytes > MAX_FILE_BYTES) this.#fail(bodyTooLarge());
      else if (!this.file.push(chunk)) part.pause();
    });
    this.#open();
  }

  /** The end of the first part may come after the beginning of the second. */
  #open(): void {
    if (this.#json !== undefined && this.#source !== undefined) this.#opened(this.#json.value);
  }

  /** The first failure counts. What the reader of the file did is none of the form. */
  #fail(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#failure =
      error instanceof Error ? error : new Error("The form could not be read", { cause: error });
    this.#ending.abort(this.#failure);
    this.file.destroy(this.#failure);
  }
}
