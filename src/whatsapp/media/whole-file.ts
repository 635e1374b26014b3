/** Writes a file that is there whole or not at all. */
import { randomBytes } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { ZpwootError } from "../../errors.js";

/**
 * Writes the pieces beside the path, then moves the file there, in place of one that exists. Settles with its size in bytes. Rejects as
 * the pieces do, and with `INVALID_INPUT` when the file can't be written; nothing is left behind then.
 */
export async function writeWhole(path: string, pieces: AsyncIterable<Buffer>): Promise<number> {
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  const file = await orUnwritable(() => open(part, "wx", 0o600));
  try {
    const bytes = await write(file, pieces);
    await orUnwritable(() => rename(part, path));
    return bytes;
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

async function write(file: FileHandle, pieces: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      await orUnwritable(() => file.appendFile(piece));
    }
  } finally {
    await file.close().catch(() => {});
  }
  return bytes;
}

/** The code says enough; the text of the error holds the path. */
async function orUnwritable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code = "unknown error" } = cause as { readonly code?: string };
    throw new ZpwootError("INVALID_INPUT", `path: the file can't be written (${code})`, { cause });
  }
}
