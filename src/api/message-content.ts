/** What a message that is sent may say. */

/**
 * A file to send. A web address is asked through the same guard as the rest (`media.allowPrivateSources`), and never before the message is
 * about to leave. A path is the program's own: it is refused over HTTP.
 * A stream (a `Readable`, say) is read once, so that a message with one is not sent again when the connection is lost.
 */
export type MediaSource =
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | { readonly url: string }
  | { readonly base64: string }
  | { readonly path: string };

/** Names one message of the chat that is written to: a message of an event, its key, or the id of one that this session sent. */
export type MessageReference =
  string | MessageKeyReference | { readonly key: MessageKeyReference; readonly [field: string]: unknown };

/** The key of a message, as events have it. */
export interface MessageKeyReference {
  readonly id?: string | null | undefined;
  /** Whether this account wrote it. Default false. */
  readonly fromMe?: boolean | null | undefined;
  /** The chat. Default: the one that is written to. */
  readonly remoteJid?: string | null | undefined;
  /** Who wrote it, in a group. */
  readonly participant?: string | null | undefined;
}

/** A message that is replied to: one of an event, or its key with what the reply shows of it. */
export interface QuotedMessage {
  readonly key: MessageKeyReference;
  /** Its content, as events have it. What a reply shows of it is taken from here: text, caption, thumbnail. */
  readonly message?: object | null | undefined;
}

/** What every kind of content but reactions, edits and deletions may have. */
export interface ReplyFields {
  /** The message that this one replies to. */
  readonly quote?: QuotedMessage;
  /** Who is mentioned: phone numbers or JIDs. The text holds them as `@` and the digits. */
  readonly mentions?: readonly string[];
}

/** What is shown of a link. Nothing is fetched for it: it is what the caller says. */
export interface LinkPreview {
  /** The address as it stands in the text. */
  readonly url: string;
  readonly title: string;
  readonly description?: string;
  /** A JPEG of at most 64 KiB. */
  readonly thumbnail?: Uint8Array | { readonly base64: string };
}

/** A text. */
export interface TextContent extends ReplyFields {
  readonly text: string;
  /** Default: none. */
  readonly linkPreview?: LinkPreview;
}

/** A picture. */
export interface ImageContent extends ReplyFields {
  readonly image: MediaSource;
  readonly caption?: string;
  /** Default `image/jpeg`. */
  readonly mimetype?: string;
  /** It can be seen once. Default false. */
  readonly viewOnce?: boolean;
}

/** A film. */
export interface VideoContent extends ReplyFields {
  readonly video: MediaSource;
  readonly caption?: string;
  /** Default `video/mp4`. */
  readonly mimetype?: string;
  /** It is played without sound, again and again. Default false. */
  readonly gif?: boolean;
  /** It can be seen once. Default false. */
  readonly viewOnce?: boolean;
}

/** A sound. */
export interface AudioContent extends ReplyFields {
  readonly audio: MediaSource;
  /** A voice note: Ogg with Opus. Default false. */
  readonly voice?: boolean;
  /** Default `audio/ogg; codecs=opus` for a voice note, else `audio/mp4`. */
  readonly mimetype?: string;
  /** How long it is. Default 0. */
  readonly seconds?: number;
}

/** A file. */
export interface DocumentContent extends ReplyFields {
  readonly document: MediaSource;
  /** Its name, as the recipient sees it. */
  readonly fileName: string;
  readonly caption?: string;
  /** Default `application/octet-stream`. */
  readonly mimetype?: string;
}

/** A sticker: WebP, 512 × 512. */
export interface StickerContent extends ReplyFields {
  readonly sticker: MediaSource;
}

/** A place. */
export interface LocationContent extends ReplyFields {
  readonly location: {
    readonly latitude: number;
    readonly longitude: number;
    readonly name?: string;
    readonly address?: string;
  };
}

/** One contact: a name with a phone number, or a whole vCard. */
export type ContactCard =
  { readonly name: string; readonly phoneNumber: string } | { readonly name: string; readonly vcard: string };

/** One contact or more. */
export interface ContactsContent extends ReplyFields {
  readonly contacts: readonly ContactCard[];
}

/** A poll. */
export interface PollContent {
  readonly poll: {
    readonly name: string;
    /** Two to twelve. */
    readonly options: readonly string[];
    /** How many may be chosen; 0: any number. Default 1. */
    readonly selectableCount?: number;
  };
}

/** A reaction to a message; an empty one takes it back. */
export interface ReactionContent {
  readonly reaction: { readonly message: MessageReference; readonly emoji: string };
}

/** A new text for an own message (`fromMe: true`, or its id). WhatsApp takes it for about 15 minutes. */
export interface EditContent {
  readonly edit: { readonly message: MessageReference; readonly text: string };
}

/** A deletion of a message for everyone: an own one (`fromMe: true`, or its id), or as an admin of a group another one's. */
export interface DeleteContent {
  readonly delete: { readonly message: MessageReference };
}

/** What a message says: exactly one kind. */
export type MessageContent =
  | TextContent
  | ImageContent
  | VideoContent
  | AudioContent
  | DocumentContent
  | StickerContent
  | LocationContent
  | ContactsContent
  | PollContent
  | ReactionContent
  | EditContent
  | DeleteContent;

/** The name of a kind of content. */
export type MessageKind =
  | "text"
  | "image"
  | "video"
  | "audio"
  | "document"
  | "sticker"
  | "location"
  | "contacts"
  | "poll"
  | "reaction"
  | "edit"
  | "delete";

/** Whether a value is a stream of bytes: something that can be read once. */
export function isByteStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
