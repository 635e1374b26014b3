/** Reads media out of messages. */
import type { MediaContent, MediaMessageKind } from "../../context/chat-entry.js";
import type { MediaMessage } from "../../wire/chat-content.js";
import type { ChatMessage } from "../../wire/chat-proto.js";
import type { MediaKind } from "../../wire/media-crypto.js";
import { withoutUndefined } from "./without-undefined.js";

/** Media as a message has it. */
export interface FoundMedia {
  readonly kind: MediaMessageKind;
  /** What the derivation of its keys names. */
  readonly keyKind: MediaKind;
  readonly media: MediaMessage;
}

/** Fields of messages that hold media, or stand above buttons. */
interface MediaFields {
  readonly imageMessage?: MediaMessage;
  readonly videoMessage?: MediaMessage;
  readonly ptvMessage?: MediaMessage;
  readonly audioMessage?: MediaMessage;
  readonly documentMessage?: MediaMessage;
  readonly stickerMessage?: MediaMessage;
}

/** The media that a message is, or that stands above its buttons; undefined when it has none. */
export function mediaIn(message: ChatMessage): FoundMedia | undefined {
  const { templateMessage, buttonsMessage, interactiveMessage } = message;
  const template = templateMessage?.hydratedTemplate ?? templateMessage?.hydratedFourRowTemplate;
  const interactive = interactiveMessage ?? templateMessage?.interactiveMessageTemplate;
  const headers = [message, buttonsMessage, template, interactive?.header];
  for (const header of headers) {
    const found = header === undefined ? undefined : fieldIn(header);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The media in one of the fields. */
export function fieldIn(fields: MediaFields): FoundMedia | undefined {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = fields;
  if (imageMessage) return { kind: "image", keyKind: "Image", media: imageMessage };
  const video = videoMessage ?? ptvMessage;
  if (video) return { kind: "video", keyKind: "Video", media: video };
  if (audioMessage)
    return { kind: audioMessage.ptt === true ? "voice" : "audio", keyKind: "Audio", media: audioMessage };
  if (documentMessage) return { kind: "document", keyKind: "Document", media: documentMessage };
  if (stickerMessage) return { kind: "sticker", keyKind: "Image", media: stickerMessage };
  return undefined;
}

/** The media as a phone shows it. */
export function describeMedia({ kind, media }: FoundMedia): MediaContent {
  const { caption, fileName, seconds, width, height } = media;
  return {
    kind,
    mimetype: media.mimetype,
    size: media.fileLength ?? 0,
    path: media.directPath ?? pathOf(media.url),
    ...withoutUndefined({ caption, fileName, seconds, width, height }),
  };
}

function pathOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
