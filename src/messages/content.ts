/** From what a caller hands over to what the libraries take. What differs between them is met here, so that both send the same. */
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { hasMedia, keyIn, kindOf } from "../api/message-input.js";
import {
  isByteStream,
  type ContactCard,
  type LinkPreview,
  type MediaSource,
  type MessageContent,
  type MessageKind,
  type MessageReference,
  type PollContent,
  type ReplyFields,
} from "../api/message-content.js";
import { quotedOf } from "./quoted.js";
import { recipientJid } from "../whatsapp/recipient.js";
import { isGroup } from "./recipient.js";

type Fields = Readonly<Record<string, unknown>>;

/** What a library's `sendMessage` is called with. */
export interface LibraryMessage {
  readonly content: Fields;
  readonly quoted?: Fields;
}

/** How {@link libraryMessage} makes it. */
export interface LibraryMessageOptions {
  readonly jid: string;
  /** The secret of a poll, 32 bytes: the same whenever the message is sent again, or votes could not be read. */
  readonly secret: Uint8Array;
  /** Whether the library builds no polls: it gets the finished message. */
  readonly lacksPolls: boolean;
}

const VOICE = "audio/ogg; codecs=opus";

/** The content of a message as the libraries take it. Throws `INVALID_INPUT` for a mention that is no number. */
export function libraryMessage(content: MessageContent, options: LibraryMessageOptions): LibraryMessage {
  const { quote, mentions = [] } = content as ReplyFields;
  const { jid } = options;
  return {
    content: { ...bodyOf(content, options), ...mentioning(mentions, isMedia(content)) },
    ...(quote === undefined ? {} : { quoted: quotedOf(quote, jid) }),
  };
}

/** Whether a content can be sent once only: its bytes are gone when they were read. */
export function isOneShot(content: MessageContent): boolean {
  return Object.values(content).some((value) => isByteStream(value));
}

function bodyOf(content: MessageContent, options: LibraryMessageOptions): Fields {
  if ("text" in content) return { text: content.text, linkPreview: previewOf(content.linkPreview) };
  if ("location" in content) return { location: locationOf(content.location) };
  if ("contacts" in content) return { contacts: contactsOf(content.contacts) };
  if ("poll" in content) return pollOf(content, options);
  if ("reaction" in content) {
    const { message, emoji } = content.reaction;
    return { react: { text: emoji, key: fullKey(message, options.jid) } };
  }
  if ("edit" in content) {
    // The libraries take the edit of a text for a text.
    return {
      ...{ text: content.edit.text, linkPreview: null },
      edit: { ...fullKey(content.edit.message, options.jid), fromMe: true },
    };
  }
  if ("delete" in content) return { delete: fullKey(content.delete.message, options.jid) };
  return mediaOf(content);
}

type Media = Exclude<
  MessageContent,
  | { text: string }
  | { location: object }
  | { contacts: object }
  | { poll: object }
  | { reaction: object }
  | { edit: object }
  | { delete: object }
>;

function mediaOf(content: Media): Fields {
  // Null is no value to the libraries; undefined, which whaileys tests with `in`, is.
  const fields = (values: Fields): Fields =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  if ("image" in content) {
    const { image, caption, mimetype = "image/jpeg", viewOnce } = content;
    return fields({ image: fileOf(image), caption, mimetype, viewOnce });
  }
  if ("video" in content) {
    const { video, caption, mimetype = "video/mp4", gif, viewOnce } = content;
    return fields({ video: fileOf(video), caption, mimetype, gifPlayback: gif, viewOnce });
  }
  if ("audio" in content) {
    const { audio, voice = false, seconds = 0 } = content;
    const { mimetype = voice ? VOICE : "audio/mp4" } = content;
    return fields({ audio: fileOf(audio), ptt: voice, mimetype, seconds });
  }
  if ("document" in content) {
    const { document, fileName, caption, mimetype = "application/octet-stream" } = content;
    return fields({ document: fileOf(document), fileName, caption, mimetype });
  }
  return fields({ sticker: fileOf(content.sticker), mimetype: "image/webp" });
}

/** A path is made absolute, so that none is taken for an address. */
function fileOf(source: MediaSource): Buffer | { readonly stream: Readable } | { readonly url: string } {
  if (source instanceof Uint8Array) return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (isByteStream(source)) return { stream: source instanceof Readable ? source : Readable.from(source) };
  if ("base64" in source) return Buffer.from(source.base64, "base64");
  return { url: "path" in source ? resolve(source.path) : source.url };
}

function previewOf(preview: LinkPreview | undefined): Fields | null {
  if (preview === undefined) return null;
  const { url, title, description, thumbnail } = preview;
  const bytes =
    thumbnail === undefined || thumbnail instanceof Uint8Array
      ? thumbnail
      : Buffer.from(thumbnail.base64, "base64");
  return {
    ...{ "canonical-url": url, "matched-text": url, title },
    ...(description === undefined ? {} : { description }),
    ...(bytes === undefined ? {} : { jpegThumbnail: bytes }),
  };
}

function locationOf(location: {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}): Fields {
  const { latitude: degreesLatitude, longitude: degreesLongitude, ...rest } = location;
  return { degreesLatitude, degreesLongitude, ...rest };
}

function contactsOf(cards: readonly ContactCard[]): Fields {
  const contacts = cards.map((card) => ({ displayName: card.name, vcard: vcardOf(card) }));
  const [first] = contacts;
  return {
    displayName: contacts.length === 1 ? first?.displayName : `${contacts.length} contacts`,
    contacts,
  };
}

function vcardOf(card: ContactCard): string {
  if ("vcard" in card) return card.vcard;
  const [digits = ""] = recipientJid(card.phoneNumber, "contacts.phoneNumber", ["user"]).split("@");
  const name = escaped(card.name);
  const telephone = `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`;
  return ["BEGIN:VCARD", "VERSION:3.0", `N:;${name};;;`, `FN:${name}`, telephone, "END:VCARD"].join("\n");
}

/** As vCard 3.0 writes a text in one line. */
function escaped(text: string): string {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\r?\n/g, "\\n");
}

function pollOf({ poll }: PollContent, { secret, lacksPolls }: LibraryMessageOptions): Fields {
  const { name, options, selectableCount = 1 } = poll;
  const messageSecret = Buffer.from(secret);
  if (!lacksPolls) return { poll: { name, values: [...options], selectableCount, messageSecret } };
  const creation = {
    ...{ name, selectableOptionsCount: selectableCount },
    options: options.map((optionName) => ({ optionName })),
  };
  const kind = selectableCount === 1 ? "pollCreationMessageV3" : "pollCreationMessage";
  const message = { messageContextInfo: { messageSecret }, [kind]: creation };
  // "Forwarding" an own message sends its content as it is.
  return { forward: { key: { fromMe: true }, message } };
}

function fullKey(message: MessageReference, jid: string): Fields {
  const key = keyIn(message);
  return isGroup(jid) ? { remoteJid: jid, ...key } : { ...key, remoteJid: key.remoteJid ?? jid };
}

/** whaileys makes the content of media with mentions refer to itself; what it is given as `contextInfo` it sends. */
function mentioning(mentions: readonly string[], inMedia: boolean): Fields {
  if (mentions.length === 0) return {};
  const mentionedJid = mentions.map((one) => recipientJid(one, "each value in mentions", ["user"]));
  return inMedia ? { contextInfo: { mentionedJid } } : { mentions: mentionedJid };
}

export function isMedia(content: MessageContent): content is Media {
  return hasMedia(content);
}

/** The kind of a checked content. */
export function kindOfChecked(content: MessageContent): MessageKind {
  return kindOf(content) as MessageKind;
}
