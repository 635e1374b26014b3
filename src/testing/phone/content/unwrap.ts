/** What stands around a message: the wrappers are taken off, and what they say is kept. */
import type { ChatMessage } from "../../wire/chat-proto.js";
import type { ContextInfo, WithContext } from "../../wire/chat-content.js";

/** A message without its wrappers. */
export interface Unwrapped {
  readonly message: ChatMessage;
  readonly viewOnce: boolean;
  /** It came inside a wrapper of messages that disappear. */
  readonly ephemeral: boolean;
}

const WRAPPERS = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "editedMessage",
] as const satisfies readonly (keyof ChatMessage)[];
/** How many wrappers may be around one another. */
const MAX_DEPTH = 6;

/** Takes the wrappers off. */
export function unwrap(message: ChatMessage, depth = 0): Unwrapped {
  const name = depth < MAX_DEPTH ? WRAPPERS.find((wrapper) => message[wrapper] !== undefined) : undefined;
  const inner = name === undefined ? undefined : message[name]?.message;
  if (name === undefined || inner === undefined) {
    const { imageMessage, videoMessage } = message;
    const viewOnce = imageMessage?.viewOnce === true || videoMessage?.viewOnce === true;
    return { message, viewOnce, ephemeral: false };
  }
  const unwrapped = unwrap(inner, depth + 1);
  return {
    // The secret of a poll stands beside the wrapper.
    message: {
      ...(message.messageContextInfo && { messageContextInfo: message.messageContextInfo }),
      ...unwrapped.message,
    },
    viewOnce: unwrapped.viewOnce || name.startsWith("viewOnce"),
    ephemeral: unwrapped.ephemeral || name === "ephemeralMessage",
  };
}

/** The context of a message, wherever its content has it. */
export function contextOf(message: ChatMessage): ContextInfo | undefined {
  for (const part of Object.values(message) as (WithContext | undefined)[])
    if (typeof part === "object" && part.contextInfo !== undefined) return part.contextInfo;
  return undefined;
}
