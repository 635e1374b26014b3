/** The media of one phone: stores what it sends, opens what it receives, and stores again what a companion asks for. */
import { ZpwootError } from "../../../errors.js";
import type { MediaMessageKind } from "../../context/chat-entry.js";
import type { MediaStore } from "../../network/media-store.js";
import type { RandomBytes } from "../../signal/index.js";
import type { MediaMessage } from "../../wire/chat-content.js";
import type { ChatMessage } from "../../wire/chat-proto.js";
import { openMedia, sealMedia, type MediaKind } from "../../wire/media-crypto.js";
import { mediaIn } from "./read-media.js";
import { unwrap } from "./unwrap.js";
import { withoutUndefined } from "./without-undefined.js";

/** Media that a phone sends. */
export interface MediaInput {
  readonly kind: MediaMessageKind;
  /** The decrypted file. */
  readonly bytes: Uint8Array;
  /** Default: a usual one of the kind. */
  readonly mimetype?: string;
  /** Of an image, a video or a document. */
  readonly caption?: string;
  /** Of a document. */
  readonly fileName?: string;
  /** Of a video, an audio or a voice note. Default 1. */
  readonly seconds?: number;
  /** Pixels. Default 1. */
  readonly width?: number;
  readonly height?: number;
  /** It can be opened once only. */
  readonly viewOnce?: boolean;
}

const MEDIA_KEY_LENGTH = 32;

/** What each kind is by default. */
const KINDS: Readonly<
  Record<
    MediaMessageKind,
    { readonly field: keyof ChatMessage; readonly keyKind: MediaKind; readonly mimetype: string }
  >
> = {
  image: { field: "imageMessage", keyKind: "Image", mimetype: "image/jpeg" },
  video: { field: "videoMessage", keyKind: "Video", mimetype: "video/mp4" },
  audio: { field: "audioMessage", keyKind: "Audio", mimetype: "audio/mp4" },
  voice: { field: "audioMessage", keyKind: "Audio", mimetype: "audio/ogg; codecs=opus" },
  document: { field: "documentMessage", keyKind: "Document", mimetype: "application/octet-stream" },
  sticker: { field: "stickerMessage", keyKind: "Image", mimetype: "image/webp" },
};

/** What the files of a phone need. */
export interface MediaFilesOptions {
  readonly store: MediaStore;
  readonly random: RandomBytes;
  /** JID of the phone. */
  readonly jid: string;
  readonly seconds: () => number;
}

/** The media files of a phone. */
export class MediaFiles {
  readonly #options: MediaFilesOptions;

  constructor(options: MediaFilesOptions) {
    this.#options = options;
  }

  /** Stores a file on the media host, and returns the message about it. */
  store(input: MediaInput): ChatMessage {
    const { store, random, jid, seconds } = this.#options;
    const { field, keyKind, mimetype } = KINDS[input.kind];
    const sealed = sealMedia(input.bytes, Buffer.from(random(MEDIA_KEY_LENGTH)), keyKind);
    const { path } = store.put(sealed.stored, jid);
    const { mediaKey, fileSha256, fileEncSha256, fileLength } = sealed;
    const media: MediaMessage = {
      ...{ url: `${store.origin}${path}`, directPath: path, mimetype: input.mimetype ?? mimetype },
      ...{ mediaKey, fileSha256, fileEncSha256, fileLength, mediaKeyTimestamp: seconds() },
      ...detailsOf(input),
    };
    const message: ChatMessage = { [field]: media };
    if (input.viewOnce === true) return { viewOnceMessageV2: { message } };
    const withCaption = input.kind === "document" && input.caption !== undefined;
    return withCaption ? { documentWithCaptionMessage: { message } } : message;
  }

  /** Stores a part of the history, and returns where it is. */
  storeHistory(
    bytes: Uint8Array,
  ): Pick<MediaMessage, "directPath" | "mediaKey" | "fileSha256" | "fileEncSha256" | "fileLength"> {
    const { store, random, jid } = this.#options;
    const sealed = sealMedia(bytes, Buffer.from(random(MEDIA_KEY_LENGTH)), "History");
    const { stored, ...facts } = sealed;
    return { ...facts, directPath: store.put(stored, jid).path };
  }

  /**
   * The decrypted bytes of a message's media. Throws `INVALID_INPUT` when it has none, when they are not on this emulator's host, or not
   * what the message announces.
   */
  open(message: ChatMessage): Buffer {
    const opened = this.#openIn(message);
    if (opened === undefined) throw new ZpwootError("INVALID_INPUT", "The message has no media");
    if (typeof opened === "string") throw new ZpwootError("INVALID_INPUT", opened);
    return opened;
  }

  /** What is wrong with the media of a message that came, as a sentence; undefined when nothing is. */
  problemOf(message: ChatMessage): string | undefined {
    const found = mediaIn(unwrap(message).message);
    // A file on another host is nothing that the emulator could check.
    if (found === undefined || this.#find(found.media) === undefined) return undefined;
    const opened = this.#openIn(message);
    return typeof opened === "string" ? opened : undefined;
  }

  /** Stores the media of a message again; returns its new path, undefined when the phone does not have it. */
  storeAgain(message: ChatMessage): { readonly path: string; readonly mediaKey: Uint8Array } | undefined {
    const media = mediaIn(unwrap(message).message)?.media;
    const file = media && this.#find(media);
    if (file === undefined || media?.mediaKey === undefined) return undefined;
    return { path: this.#options.store.put(file.bytes, this.#options.jid).path, mediaKey: media.mediaKey };
  }

  #openIn(message: ChatMessage): Buffer | string | undefined {
    const found = mediaIn(unwrap(message).message);
    if (found === undefined) return undefined;
    const file = this.#find(found.media);
    if (file === undefined) return "The media of the message is not on the emulator's media host";
    return openMedia(file.bytes, found.media, found.keyKind);
  }

  #find({ directPath, url }: MediaMessage) {
    return this.#options.store.find(directPath) ?? this.#options.store.find(url);
  }
}

function detailsOf(input: MediaInput): Partial<MediaMessage> {
  const { kind, caption, fileName, seconds = 1, width = 1, height = 1 } = input;
  const timed = ["video", "audio", "voice"].includes(kind);
  const sized = ["image", "video", "sticker"].includes(kind);
  const once = input.viewOnce === true && (kind === "image" || kind === "video" || kind === "voice");
  return {
    ...withoutUndefined({ caption }),
    ...(kind === "document" && { fileName: fileName ?? "file", title: fileName ?? "file" }),
    ...(timed && { seconds }),
    ...(sized && { width, height }),
    ...(kind === "voice" && { ptt: true }),
    ...(once && { viewOnce: true }),
  };
}
