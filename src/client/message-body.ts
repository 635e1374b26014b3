/** Messages as JSON: bytes become base64. */
import type { MessageContent } from "../api/message-content.js";
import type { SendMessageOptions } from "../api/messages.js";

/** Options of the client's `sendMessage`. */
export interface SendCallOptions extends SendMessageOptions {
  /** Ends the call; the server may go on. */
  readonly signal?: AbortSignal;
  /** How long the call may take, in milliseconds. Default 75,000: longer than the server waits for WhatsApp. */
  readonly callTimeoutMs?: number;
}

/** So many bytes are made characters at a time: more arguments than an engine takes would throw. */
const CHUNK_BYTES = 8_192;

/** The content with its bytes as base64. Throws a TypeError for a stream. */
export function jsonContent(content: MessageContent): object {
  return convert(content) as object;
}

function convert(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: base64Of(value) };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (Symbol.asyncIterator in value)
    throw new TypeError("A stream can't be sent over HTTP: pass its bytes, or a url");
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, convert(field)]));
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(from, from + CHUNK_BYTES));
  return btoa(text);
}
