/**
 * Waits until encrypted media is completely written. whaileys encrypts it into a temporary file and uploads that file without waiting
 * for the writes: on a busy disk the upload is truncated, and the message can't be opened by anyone.
 */
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Deadline for the writes. */
const WRITE_MS = 60_000;
/** Time between two looks at the file's size. */
const POLL_MS = 5;
/** A block of AES. */
const BLOCK_BYTES = 16;
/** The MAC after the ciphertext. */
const MAC_BYTES = 10;

/** The encrypted file of a media message. */
interface Encrypted {
  readonly encFilePath: string;
  /** Bytes of the plaintext. */
  readonly fileLength: number;
}

/** The part of `whaileys/lib/Utils/messages-media` that is patched. */
export interface MediaModule {
  encryptedStream: (...args: never[]) => Promise<Encrypted>;
}

const patched = Symbol.for("zpwoot.whole-uploads");

/** Patches the loaded module: encryption settles when its file is complete. Does nothing the second time. */
export function patchUploads(module: MediaModule & { [patched]?: true }): void {
  if (module[patched] === true) return;
  const encrypt = module.encryptedStream;
  module.encryptedStream = async (...args) => {
    const encrypted = await encrypt(...args);
    await waitForSize(encrypted.encFilePath, encryptedLength(encrypted.fileLength));
    return encrypted;
  };
  Object.defineProperty(module, patched, { value: true });
}

/** AES-CBC pads to whole blocks, with a block of padding if the last one is full. */
function encryptedLength(length: number): number {
  return (Math.floor(length / BLOCK_BYTES) + 1) * BLOCK_BYTES + MAC_BYTES;
}

/** Settles when the file has the given size in bytes. */
async function waitForSize(path: string, length: number): Promise<void> {
  const endsAt = performance.now() + WRITE_MS;
  while ((await stat(path)).size < length) {
    if (performance.now() > endsAt)
      throw new Error(`encrypted media was not written to disk within ${WRITE_MS} ms`);
    await sleep(POLL_MS);
  }
}
