/**
 * Encrypts media that whaileys uploads, in place of its own function. That one doesn't wait for its writes (on a busy disk the upload is
 * truncated, and the message can't be opened by anyone), ends the process when its source or the disk fails, and leaves its temporary
 * files behind when the upload fails.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createCipheriv, createHash, createHmac, randomBytes, type Cipher, type Hash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { temporaryFolderError } from "../media/temporary-files.js";

/** Bytes of the HMAC after the ciphertext. */
const MAC_BYTES = 10;

/** What a message says about its media, and the files. */
interface Encrypted {
  readonly mediaKey: Buffer;
  readonly encFilePath: string;
  /** The plain bytes, if they were asked for. */
  readonly originalFilePath: string | undefined;
  readonly mac: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileSha256: Buffer;
  /** Bytes of the plaintext. */
  readonly fileLength: number;
}

/** The part of `whaileys/lib/Utils/messages-media` that is used and patched. */
export interface MediaModule {
  encryptedStream: (media: unknown, kind: string, withOriginal?: boolean) => Promise<Encrypted>;
  readonly getStream: (media: unknown) => Promise<{ readonly stream: Readable }>;
  readonly getMediaKeys: (
    key: Buffer,
    kind: string,
  ) => { readonly iv: Buffer; readonly cipherKey: Buffer; readonly macKey: Buffer };
}

/** The part of `whaileys/lib/Utils/messages` that is patched: encrypts a file, uploads it, and removes it if all went well. */
export interface MessagesModule {
  prepareWAMessageMedia: (...args: unknown[]) => Promise<unknown>;
}

const patched = Symbol.for("zpwoot.whole-uploads");

/** Patches the loaded modules: encryption settles when its file is complete, and no file outlives its upload. Does nothing the second time. */
export function patchUploads(media: MediaModule & { [patched]?: true }, messages: MessagesModule): void {
  if (media[patched] === true) return;
  /** The temporary files of the message that is being prepared. */
  const files = new AsyncLocalStorage<string[]>();
  media.encryptedStream = async (file, kind, withOriginal = true) => {
    const encrypted = await encrypt(media, file, kind, withOriginal);
    const { encFilePath, originalFilePath } = encrypted;
    files.getStore()?.push(encFilePath, ...(originalFilePath === undefined ? [] : [originalFilePath]));
    return encrypted;
  };
  const { prepareWAMessageMedia } = messages;
  messages.prepareWAMessageMedia = (...args) =>
    files.run([], async () => {
      try {
        return await prepareWAMessageMedia(...args);
      } finally {
        await discard(files.getStore() ?? []);
      }
    });
  Object.defineProperty(media, patched, { value: true });
}

async function encrypt(
  module: MediaModule,
  media: unknown,
  kind: string,
  withOriginal: boolean,
): Promise<Encrypted> {
  const { stream } = await module.getStream(media);
  const path = join(tmpdir(), `zpwoot-${kind}-${randomBytes(12).toString("hex")}`);
  const encFilePath = `${path}-enc`;
  const originalFilePath = withOriginal ? `${path}-original` : undefined;
  const mediaKey = randomBytes(32);
  const files: FileHandle[] = [];
  try {
    // Others on this machine have no business with them.
    for (const file of [encFilePath, originalFilePath])
      if (file !== undefined) files.push(await orNoRoom(open(file, "wx", 0o600)));
    const facts = await write(stream, new Sealer(module.getMediaKeys(mediaKey, kind)), files);
    await orNoRoom(Promise.all(files.map((file) => file.close())));
    return { mediaKey, encFilePath, originalFilePath, ...facts };
  } catch (error) {
    stream.destroy();
    await Promise.allSettled(files.map((file) => file.close()));
    await discard([encFilePath, ...(originalFilePath === undefined ? [] : [originalFilePath])]);
    throw error;
  }
}

async function write(
  stream: Readable,
  sealer: Sealer,
  [sealed, original]: readonly FileHandle[],
): Promise<ReturnType<Sealer["finish"]>["facts"]> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    await append(original, chunk);
    await append(sealed, sealer.seal(chunk));
  }
  const { rest, facts } = sealer.finish();
  await append(sealed, rest);
  return facts;
}

async function append(file: FileHandle | undefined, bytes: Buffer): Promise<void> {
  if (file !== undefined) await orNoRoom(file.appendFile(bytes));
}

/** Rejects with `TEMP_UNAVAILABLE` where the temporary folder is at fault, and not the source. */
async function orNoRoom<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw temporaryFolderError(cause);
  }
}

/** AES-256-CBC with a truncated HMAC after it (docs/protocol.md). */
class Sealer {
  readonly #cipher: Cipher;
  readonly #hmac: ReturnType<typeof createHmac>;
  readonly #plainHash: Hash = createHash("sha256");
  readonly #sealedHash: Hash = createHash("sha256");
  #length = 0;

  constructor({ iv, cipherKey, macKey }: ReturnType<MediaModule["getMediaKeys"]>) {
    this.#cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
    this.#hmac = createHmac("sha256", macKey).update(iv);
  }

  seal(chunk: Buffer): Buffer {
    this.#length += chunk.length;
    this.#plainHash.update(chunk);
    return this.#authenticated(this.#cipher.update(chunk));
  }

  finish() {
    const last = this.#authenticated(this.#cipher.final());
    const mac = this.#hmac.digest().subarray(0, MAC_BYTES);
    const fileEncSha256 = this.#sealedHash.update(mac).digest();
    const facts = { mac, fileEncSha256, fileSha256: this.#plainHash.digest(), fileLength: this.#length };
    return { rest: Buffer.concat([last, mac]), facts };
  }

  #authenticated(sealed: Buffer): Buffer {
    this.#hmac.update(sealed);
    this.#sealedHash.update(sealed);
    return sealed;
  }
}

async function discard(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true }).catch(() => {});
}
