/**
 * whaileys encrypts media into a temporary file and uploads that at once, without waiting for the disk: on a busy one a part of it,
 * or nothing, is uploaded under the checksum of the whole, and nobody can ever open the message. Here the file is waited for.
 */
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a disk may take. */
const DISK_MS = 60_000;
const LOOK_MS = 5;
/** AES block, and the MAC behind the ciphertext. */
const BLOCK_BYTES = 16;
const MAC_BYTES = 10;

interface Encrypted {
  readonly encFilePath: string;
  /** Of the plaintext. */
  readonly fileLength: number;
}

/** The part of `whaileys/lib/Utils/messages-media` that is replaced. */
export interface MediaModule {
  encryptedStream: (...args: never[]) => Promise<Encrypted>;
}

const cured = Symbol.for("zpwoot.whole-uploads");

/** Replaces the encryption of the loaded module by one that settles when its file is whole. Once per module, whoever calls. */
export function wholeUploads(module: MediaModule & { [cured]?: true }): void {
  if (module[cured] === true) return;
  const encrypt = module.encryptedStream;
  module.encryptedStream = async (...args) => {
    const encrypted = await encrypt(...args);
    await written(encrypted.encFilePath, encryptedLength(encrypted.fileLength));
    return encrypted;
  };
  Object.defineProperty(module, cured, { value: true });
}

/** AES-CBC fills up to a whole block, with a block of its own when there is nothing to fill. */
function encryptedLength(length: number): number {
  return (Math.floor(length / BLOCK_BYTES) + 1) * BLOCK_BYTES + MAC_BYTES;
}

async function written(path: string, length: number): Promise<void> {
  const ends = performance.now() + DISK_MS;
  while ((await stat(path)).size < length) {
    if (performance.now() > ends) throw new Error("Encrypted media could not be written to the disk in time");
    await sleep(LOOK_MS);
  }
}
