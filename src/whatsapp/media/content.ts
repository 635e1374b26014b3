/** Finds the media of a message, and where it is stored. Everything in a message was chosen by its sender. */
import type { WAMessage } from "whaileys";
import { MAX_DEPTH, WRAPPERS } from "../wrappers.js";

/** A stored file and what decrypts it. */
export interface StoredMedia {
  readonly url: string;
  readonly key: Buffer;
  /** The name in the derivation of its keys. */
  readonly kind: string;
  /** SHA-256 of the stored and of the decrypted bytes, as far as the message has them. */
  readonly encryptedHash: Buffer | undefined;
  readonly hash: Buffer | undefined;
  /** What its sender says of it, with nothing checked but its form. */
  readonly bytes: number | undefined;
  readonly mimetype: string | undefined;
  readonly fileName: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const MEDIA_HOST = "mmg.whatsapp.net";
const OWN_HOSTS = /(^|\.)whatsapp\.net$/;
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
/** RFC 9110: a type, a subtype, and parameters with values that need no quotes. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=[\w!#$&^.+-]+)*$/;
const MAX_NAME = 255;

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
    bytes: sizeOf(media["fileLength"]),
    mimetype: mediaTypeOf(media["mimetype"]),
    fileName: kind === "Document" ? nameOf(media["fileName"]) : undefined,
  };
}

/** A number, its decimal digits, or an object of the `long` package. */
function sizeOf(value: unknown): number | undefined {
  const isNumber = typeof value === "number" || (typeof value === "string" && /^\d{1,15}$/.test(value));
  const size = isNumber || typeof value === "object" ? Number(value ?? Number.NaN) : Number.NaN;
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/** A media type as a header may have it. */
function mediaTypeOf(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > MAX_NAME) return undefined;
  return MEDIA_TYPE.test(value) ? value : undefined;
}

/** The name of a document, without what would lead to another folder or break a line. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = value
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/[\p{Cc}\p{Surrogate}]/gu, "")
    .trim()
    .slice(0, MAX_NAME);
  return name === "" ? undefined : name;
}

/** WhatsApp's own host wherever the message allows it; another one only if it has nothing else. */
function addressOf(url: unknown, path: unknown): string | undefined {
  const written = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if (written !== undefined && OWN_HOSTS.test(written.hostname)) return written.href;
  // A path that begins otherwise would become part of the host name.
  if (typeof path === "string" && path.startsWith("/")) return `https://${MEDIA_HOST}${path}`;
  return written?.href;
}

/** The names of fields that hold bytes, in the media of any message. */
const BYTES_FIELDS = ["mediaKey", "fileSha256", "fileEncSha256", "thumbnailSha256", "thumbnailEncSha256"];

/** A message that came as JSON with bytes in its fields of bytes again: the libraries ask phones with them. Any other is returned as it is. */
export function withBytes<Value>(value: Value, depth = 0): Value {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (depth > 2 * MAX_DEPTH || Array.isArray(value)) return value;
  let isChanged = false;
  const fields = Object.entries(value).map(([name, field]: [string, unknown]) => {
    const isText = BYTES_FIELDS.includes(name) && typeof field === "string";
    const whole = isText ? (bytesOf(field) ?? field) : withBytes(field, depth + 1);
    isChanged ||= whole !== field;
    return [name, whole] as const;
  });
  return isChanged ? (Object.fromEntries(fields) as Value) : value;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function bytesOf(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : Buffer.from(value);
  if (typeof value !== "string" || value === "") return undefined;
  return Buffer.from(value.replace("data:;base64,", ""), "base64");
}
