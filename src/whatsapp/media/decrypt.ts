/** Decrypts stored media: AES-256-CBC with a truncated HMAC after it, keys from HKDF (docs/protocol.md). */
import {
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
  type Decipher,
  type Hash,
  type Hmac,
} from "node:crypto";
import type { StoredMedia } from "./content.js";

/** What decrypts a file, and checks it. */
type MediaKeys = Pick<StoredMedia, "key" | "kind" | "encryptedHash" | "hash">;

/** What was stored is not what the message announces. */
export class WrongMediaError extends Error {
  override readonly name = "WrongMediaError";
}

const MAC_BYTES = 10;
const BLOCK_BYTES = 16;
const KEYS_BYTES = 112;

/** How many bytes are stored for so many plain ones. */
export function storedSize(bytes: number): number {
  return (Math.floor(bytes / BLOCK_BYTES) + 1) * BLOCK_BYTES + MAC_BYTES;
}

/**
 * The plain bytes, piece by piece as the stored ones come. They are the sender's only when the last one has come without an error:
 * throws {@link WrongMediaError} at the end when a hash, the MAC or the padding is wrong.
 */
export async function* decrypted(
  stored: AsyncIterable<Buffer>,
  media: MediaKeys,
): AsyncGenerator<Buffer, void, undefined> {
  const opener = new Opener(media);
  for await (const chunk of stored) yield opener.push(chunk);
  yield opener.finish();
}

class Opener {
  readonly #media: MediaKeys;
  readonly #decipher: Decipher;
  readonly #hmac: Hmac;
  readonly #storedHash: Hash = createHash("sha256");
  readonly #plainHash: Hash = createHash("sha256");
  /** The last bytes so far: the MAC, if no more come. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(media: MediaKeys) {
    const keys = Buffer.from(
      hkdfSync("sha256", media.key, Buffer.alloc(0), `WhatsApp ${media.kind} Keys`, KEYS_BYTES),
    );
    const [iv, cipherKey, macKey] = [keys.subarray(0, 16), keys.subarray(16, 48), keys.subarray(48, 80)];
    this.#media = media;
    this.#decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
    this.#hmac = createHmac("sha256", macKey).update(iv);
  }

  push(chunk: Buffer): Buffer {
    this.#storedHash.update(chunk);
    const all = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const end = Math.max(0, all.length - MAC_BYTES);
    // A copy, so that the chunk before it is free.
    this.#tail = Buffer.from(all.subarray(end));
    const sealed = all.subarray(0, end);
    this.#hmac.update(sealed);
    return this.#hashed(this.#decipher.update(sealed));
  }

  finish(): Buffer {
    const { encryptedHash, hash } = this.#media;
    const isStored = encryptedHash === undefined || same(this.#storedHash.digest(), encryptedHash);
    if (!isStored || !same(this.#hmac.digest().subarray(0, MAC_BYTES), this.#tail))
      throw new WrongMediaError();
    const last = this.#hashed(this.#final());
    if (hash !== undefined && !same(this.#plainHash.digest(), hash)) throw new WrongMediaError();
    return last;
  }

  #hashed(plain: Buffer): Buffer {
    this.#plainHash.update(plain);
    return plain;
  }

  #final(): Buffer {
    try {
      return this.#decipher.final();
    } catch {
      throw new WrongMediaError();
    }
  }
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
