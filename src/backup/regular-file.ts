/** Reads files that others have written: never a pipe, a device or a link that leads elsewhere, and never without a bound. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** What {@link readRegularFile} accepts. */
export interface RegularFileOptions {
  /** Whether the path may be a symbolic link. */
  readonly followsLink: boolean;
  /** The largest file, in bytes. Default: no bound. */
  readonly maxBytes?: number;
}

/** The text of a regular file. Rejects for anything else, at once, and for a file that is too large. */
export async function readRegularFile(
  path: string,
  { followsLink, maxBytes = Infinity }: RegularFileOptions,
): Promise<string> {
  // O_NONBLOCK: to open a pipe would wait for its writer. Windows has neither of the two.
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new TypeError("it is not a regular file");
    // Looked at before it is read: another program may go on writing to it.
    if (stats.size > maxBytes) throw new RangeError(`it is larger than ${maxBytes} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
