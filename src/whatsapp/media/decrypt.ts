/** Decrypts stored media: AES-256-CBC with a truncated HMAC after it, keys from HKDF (docs/protocol.md). */
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { StoredMedia } from "./content.js";

/** What was stored is not what the message announces. */
export class WrongMediaError extends Error {
  override readonly name = "WrongMediaError";
}

const MAC_BYTES = 10;
const KEYS_BYTES = 112;

/** The plain bytes. Throws {@link WrongMediaError} when a hash, the MAC or the padding is wrong. */
export function decryptMedia(stored: Buffer, media: StoredMedia): Buffer {
  const keys = Buffer.from(
    hkdfSync("sha256", media.key, Buffer.alloc(0), `WhatsApp ${media.kind} Keys`, KEYS_BYTES),
  );
  const [iv, cipherKey, macKey] = [keys.subarray(0, 16), keys.subarray(16, 48), keys.subarray(48, 80)];
  checkHash(stored, media.encryptedHash);
  const sealed = stored.subarray(0, -MAC_BYTES);
  const mac = createHmac("sha256", macKey).update(iv).update(sealed).digest().subarray(0, MAC_BYTES);
  if (!same(mac, stored.subarray(-MAC_BYTES))) throw new WrongMediaError();
  const plain = decipher(sealed, cipherKey, iv);
  checkHash(plain, media.hash);
  return plain;
}

function decipher(sealed: Buffer, key: Buffer, iv: Buffer): Buffer {
  try {
    const cipher = createDecipheriv("aes-256-cbc", key, iv);
    return Buffer.concat([cipher.update(sealed), cipher.final()]);
  } catch {
    throw new WrongMediaError();
  }
}

function checkHash(bytes: Buffer, hash: Buffer | undefined): void {
  if (hash !== undefined && !same(createHash("sha256").update(bytes).digest(), hash))
    throw new WrongMediaError();
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
