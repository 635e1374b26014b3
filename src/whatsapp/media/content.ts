/** Finds the media of a message, and where it is stored. Everything in a message was chosen by its sender. */
import type { WAMessage } from "whaileys";

/** A stored file and what decrypts it. */
export interface StoredMedia {
  readonly url: string;
  readonly key: Buffer;
  /** The name in the derivation of its keys. */
  readonly kind: string;
  /** SHA-256 of the stored and of the decrypted bytes, as far as the message has them. */
  readonly encryptedHash: Buffer | undefined;
  readonly hash: Buffer | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const MEDIA_HOST = "mmg.whatsapp.net";
const OWN_HOSTS = /(^|\.)whatsapp\.net$/;
/** Messages around a message. */
const WRAPPERS = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "editedMessage",
];
/** Messages with a media header. */
const HEADED = ["buttonsMessage", "hydratedFourRowTemplate", "hydratedTemplate", "fourRowTemplate"];
const KINDS: Readonly<Record<string, string>> = {
  imageMessage: "Image",
  stickerMessage: "Image",
  videoMessage: "Video",
  ptvMessage: "Video",
  audioMessage: "Audio",
  documentMessage: "Document",
};
/** How many messages may be around one. */
const MAX_DEPTH = 6;

/** The media of a message; undefined when it holds none. */
export function storedMedia(message: WAMessage): StoredMedia | undefined {
  return search(fieldsOf(message.message), 0);
}

function search(content: Fields | undefined, depth: number): StoredMedia | undefined {
  if (content === undefined || depth > MAX_DEPTH) return undefined;
  for (const [name, kind] of Object.entries(KINDS)) {
    const media = fieldsOf(content[name]);
    if (media !== undefined)
      return mediaOf(media, kind, ["url", "directPath", "fileEncSha256", "fileSha256"]);
  }
  const text = fieldsOf(content["extendedTextMessage"]);
  const thumbnail = ["", "thumbnailDirectPath", "thumbnailEncSha256", "thumbnailSha256"] as const;
  if (text?.["thumbnailDirectPath"]) return mediaOf(text, "Link Thumbnail", thumbnail);
  for (const name of [...WRAPPERS, ...HEADED, "templateMessage"]) {
    const inner = fieldsOf(content[name]);
    if (inner === undefined) continue;
    return search(WRAPPERS.includes(name) ? fieldsOf(inner["message"]) : inner, depth + 1);
  }
  return undefined;
}

function mediaOf(
  media: Fields,
  kind: string,
  [url, path, encryptedHash, hash]: readonly [string, string, string, string],
): StoredMedia | undefined {
  const key = bytesOf(media["mediaKey"]);
  const address = addressOf(media[url], media[path]);
  if (key === undefined || address === undefined) return undefined;
  return {
    ...{ url: address, key, kind },
    encryptedHash: bytesOf(media[encryptedHash]),
    hash: bytesOf(media[hash]),
  };
}

/** WhatsApp's own host wherever the message allows it; another one only if it has nothing else. */
function addressOf(url: unknown, path: unknown): string | undefined {
  const written = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if (written !== undefined && OWN_HOSTS.test(written.hostname)) return written.href;
  // A path that begins otherwise would become part of the host name.
  if (typeof path === "string" && path.startsWith("/")) return `https://${MEDIA_HOST}${path}`;
  return written?.href;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function bytesOf(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : Buffer.from(value);
  if (typeof value !== "string" || value === "") return undefined;
  return Buffer.from(value.replace("data:;base64,", ""), "base64");
}
