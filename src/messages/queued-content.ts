/** What can wait in the store: bytes instead of streams, within a bound. */
import { isByteStream, type MessageContent } from "../api/message-content.js";
import { ZpwootError } from "../errors.js";

/** What a queued message counts at least. */
const BASE_BYTES = 512;

/**
 * The content with the bytes of its streams. Rejects with `INVALID_INPUT` when there are more than `maxBytes`, or one can't be read.
 */
export async function storableContent(
  content: MessageContent,
  maxBytes: number,
): Promise<{ readonly content: MessageContent; readonly bytes: number }> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(content))
    fields[name] = isByteStream(value) ? await bytesOf(value, maxBytes) : value;
  const bytes = BASE_BYTES + sizeOf(fields);
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return { content: fields as unknown as MessageContent, bytes };
}

async function bytesOf(stream: AsyncIterable<Uint8Array | string>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk as Uint8Array);
      bytes += piece.length;
      if (bytes > maxBytes) break;
      chunks.push(piece);
    }
  } catch (cause) {
    throw new ZpwootError("INVALID_INPUT", "The file to send can't be read", { cause });
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks);
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
