/** What can wait in the store: bytes instead of streams, within a bound. */
import { Readable } from "node:stream";
import { waitFor } from "../async/deadline.js";
import { isByteStream, type MessageContent } from "../api/message-content.js";
import { isZpwootError, ZpwootError } from "../errors.js";

/** The longest silence of a stream, in milliseconds: as for files that are sent at once. */
const IDLE_MS = 20_000;
/** What a queued message counts at least. */
const BASE_BYTES = 512;

/**
 * The content with the bytes of its streams. Rejects with `INVALID_INPUT` when there are more than `maxBytes` or none, or one can't be
 * read, with `MEDIA_FAILED` when one is silent for too long, and with the reason of the signal.
 */
export async function storableContent(
  content: MessageContent,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ readonly content: MessageContent; readonly bytes: number }> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(content))
    fields[name] = isByteStream(value) ? await bytesOf(name, value, maxBytes, signal) : value;
  const bytes = BASE_BYTES + sizeOf(fields);
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return { content: fields as unknown as MessageContent, bytes };
}

async function bytesOf(
  field: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const stream = source instanceof Readable ? source : Readable.from(source);
  const pieces = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const next = await waitFor(pieces.next(), { timeoutMs: IDLE_MS, signal });
      if (next.by === "abort") throw next.reason;
      if (next.by === "timeout") throw silent(field);
      if (next.value.done === true) break;
      const piece = Buffer.from(next.value.value);
      bytes += piece.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(piece);
    }
  } catch (cause) {
    if (isZpwootError(cause)) throw cause;
    throw new ZpwootError("INVALID_INPUT", `${field}: the file to send can't be read`, { cause });
  } finally {
    stream.on("error", () => {}).destroy();
  }
  if (bytes === 0) throw new ZpwootError("INVALID_INPUT", `${field}: the file is empty`);
  return Buffer.concat(chunks);
}

function silent(field: string): ZpwootError {
  const text = `Nothing was queued: ${field}: nothing was read for ${IDLE_MS} ms. See why the stream has no end`;
  return new ZpwootError("MEDIA_FAILED", text);
}

function tooLarge(maxBytes: number): ZpwootError {
  const text = `A queued message may have ${maxBytes} bytes (a quarter of messages.maxQueuedBytes): send larger files by url`;
  return new ZpwootError("INVALID_INPUT", text);
}

/** About what it takes in the store. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return Math.ceil(value.length / 3) * 4;
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.entries(value).reduce((sum, [name, field]) => sum + name.length + sizeOf(field), 0);
}
