/** The encryption of stored media: AES-256-CBC with a truncated HMAC behind it, and the sealed answers about media that is stored again. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";

const KEYS_LENGTH = 112;
const MAC_LENGTH = 10;
const RETRY_KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const NO_SALT = new Uint8Array(0);

/** What a file is encrypted as; the derivation of its keys names it. */
export type MediaKind = "Image" | "Video" | "Audio" | "Document" | "Link Thumbnail" | "History" | "App State";

/** A file as it is stored, with everything that a message says about it. */
export interface SealedMedia {
  readonly stored: Buffer;
  readonly mediaKey: Buffer;
  readonly fileSha256: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileLength: number;
}

/** What is needed to open a stored file; a hash that is left out is not checked. */
export interface MediaSeal {
  readonly mediaKey?: Uint8Array;
  readonly fileSha256?: Uint8Array;
  readonly fileEncSha256?: Uint8Array;
}

/** The SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** Encrypts a file with a key of 32 bytes. */
export function sealMedia(plain: Uint8Array, mediaKey: Buffer, kind: MediaKind): SealedMedia {
  const { iv, cipherKey, macKey } = keysOf(mediaKey, kind);
  const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const stored = Buffer.concat([encrypted, macOf(macKey, iv, encrypted)]);
  return {
    stored,
    mediaKey,
    fileSha256: sha256(plain),
    fileEncSha256: sha256(stored),
    fileLength: plain.length,
  };
}

/** Decrypts a stored file; returns what is wrong with it, as a sentence, when it is not what its message announces. */
export function openMedia(stored: Buffer, seal: MediaSeal, kind: MediaKind): Buffer | string {
  const { mediaKey, fileSha256, fileEncSha256 } = seal;
  if (mediaKey === undefined) return "A message with media has no media key";
  if (fileEncSha256 !== undefined && !sha256(stored).equals(fileEncSha256))
    return "The stored bytes of media do not have the hash that the message announces";
  const { iv, cipherKey, macKey } = keysOf(mediaKey, kind);
  const encrypted = stored.subarray(0, -MAC_LENGTH);
  if (!macOf(macKey, iv, encrypted).equals(stored.subarray(-MAC_LENGTH)))
    return "Stored media is not authentic: its MAC is not made with the message's media key";
  let plain: Buffer;
  try {
    const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
    plain = Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    return "Stored media is not padded as its cipher asks";
  }
  if (fileSha256 !== undefined && !sha256(plain).equals(fileSha256))
    return "The decrypted bytes of media do not have the hash that the message announces";
  return plain;
}

/** Seals what a phone answers to a request to store media again. */
export function sealRetry(plain: Uint8Array, mediaKey: Uint8Array, id: string, iv: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", retryKey(mediaKey), iv);
  cipher.setAAD(Buffer.from(id));
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens the request; undefined when it is not sealed with the media key of that message. */
export function openRetry(
  sealed: Uint8Array,
  mediaKey: Uint8Array,
  id: string,
  iv: Uint8Array,
): Buffer | undefined {
  try {
    const decipher = createDecipheriv("aes-256-gcm", retryKey(mediaKey), iv);
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function keysOf(mediaKey: Uint8Array, kind: MediaKind) {
  const all = Buffer.from(hkdfSync("sha256", mediaKey, NO_SALT, `WhatsApp ${kind} Keys`, KEYS_LENGTH));
  return { iv: all.subarray(0, 16), cipherKey: all.subarray(16, 48), macKey: all.subarray(48, 80) };
}

function macOf(macKey: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer {
  return createHmac("sha256", macKey).update(iv).update(encrypted).digest().subarray(0, MAC_LENGTH);
}

function retryKey(mediaKey: Uint8Array): Buffer {
  const info = "WhatsApp Media Retry Notification";
  return Buffer.from(hkdfSync("sha256", mediaKey, NO_SALT, info, RETRY_KEY_LENGTH));
}
