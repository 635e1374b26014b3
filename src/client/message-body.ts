/** Messages as a server takes them: JSON, in which bytes are base64, or a form with a file that is sent as it is read. */
import type { MediaSource, MessageContent } from "../api/message-content.js";
import type { SendMessageOptions } from "../api/messages.js";
import type { CallBody } from "./wire.js";

/** Options of the client's `sendMessage`. */
export interface SendCallOptions extends SendMessageOptions {
  /** Ends the call; the server may go on. */
  readonly signal?: AbortSignal;
  /**
   * How long the call may take, in milliseconds. Default: longer than the server waits for WhatsApp: 75,000; with a file that is uploaded, 15,000
   * more than `timeoutMs`, which is 120,000 by default.
   */
  readonly callTimeoutMs?: number;
}

/**
 * A file as the client sends it. Bytes up to 16 MiB go as JSON; more of them, a `Blob` (also a browser's `File`, or one of `fs.openAsBlob`) and a
 * stream are uploaded: a stream piece by piece, as the server reads it.
 */
export type FileToSend = MediaSource | Blob | ReadableStream<Uint8Array>;

type WithFiles<Content> = Content extends unknown
  ? { readonly [Field in keyof Content]: MediaSource extends Content[Field] ? FileToSend : Content[Field] }
  : never;

/** What a message says, with a file in any form that the client can send. */
export type ContentToSend = WithFiles<MessageContent>;

/** As many bytes as the server takes as base64. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const FILE_KINDS = ["image", "video", "audio", "document", "sticker"] as const;
/** So many bytes are made characters at a time: more arguments than an engine takes would throw. */
const CHUNK_BYTES = 8_192;

type Upload = Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** The file in a content that has to be uploaded; undefined if there is none. */
export function uploadIn(content: ContentToSend): Upload | undefined {
  const fields = content as Readonly<Record<string, unknown>>;
  const file = FILE_KINDS.map((kind) => fields[kind]).find((value) => value !== undefined);
  if (file instanceof Uint8Array) return file.length > MAX_JSON_BYTES ? blobOf([file]) : undefined;
  return isUpload(file) ? file : undefined;
}

function isUpload(file: unknown): file is Upload {
  if (typeof file !== "object" || file === null) return false;
  return file instanceof Blob || file instanceof ReadableStream || Symbol.asyncIterator in file;
}

/** The content as JSON. A file that is uploaded is named by its part of the form. */
export function jsonContent(content: ContentToSend, upload?: Upload): object {
  const fields = Object.entries(content).map(([name, value]) => [
    name,
    upload !== undefined && (FILE_KINDS as readonly string[]).includes(name)
      ? { part: "file" }
      : convert(value),
  ]);
  return Object.fromEntries(fields) as object;
}

/** A form of a message and its file. It has a length where the file has one. */
export function formBody(message: object, file: Upload): CallBody {
  const boundary = `zpwoot-${crypto.randomUUID()}`;
  const part = (name: string, type: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n`;
  const head = `${part("message", "application/json")}${JSON.stringify(message)}\r\n${part("file", "application/octet-stream")}`;
  const tail = `\r\n--${boundary}--\r\n`;
  const body = file instanceof Blob ? blobOf([head, file, tail]) : streamOf(framed(head, file, tail));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body };
}

function blobOf(parts: readonly (string | Blob | Uint8Array)[]): Blob {
  return new Blob([...parts]);
}

async function* framed(
  head: string,
  file: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  tail: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  yield encoder.encode(head);
  if (Symbol.asyncIterator in file) yield* file;
  else yield* readFrom(file);
  yield encoder.encode(tail);
}

/** Not every browser's streams can be iterated. */
async function* readFrom(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

function streamOf(pieces: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece.done === true) controller.close();
      else controller.enqueue(new Uint8Array(piece.value));
    },
    async cancel() {
      await pieces.return();
    },
  });
}

function convert(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: base64Of(value) };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, convert(field)]));
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(from, from + CHUNK_BYTES));
  return btoa(text);
}
