/**
 * Temporary files of processes that were killed amid an upload: nobody else would ever remove them, and some hold what a user sends, unencrypted.
 * Which process one belongs to can't be known (several containers may share the folder and its process ids), but how long an upload may take is.
 */
import { lstat, opendir, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Written to last so long ago, in milliseconds, that its upload is over: one is written to at least every 20 s while its source is read, and has ten
 * minutes to be uploaded then.
 */
const ABANDONED_MS = 30 * 60_000;
const OTHERS = 0o077;
/** As both libraries name them: the kind of file and an id; and as zpwoot does where it encrypts in place of whaileys. */
const NAME = /^(?:[a-z-]+3EB0[0-9A-F]{18,36}|zpwoot-[a-z-]+-[0-9a-f]{24})(?:-enc|-original)?$/;

/** Removes what this user's processes have left behind in the folder. Never rejects: what can't be removed stays. */
export async function removeAbandonedFiles(folder: string, now: number): Promise<void> {
  try {
    for await (const { name } of await opendir(folder)) {
      const path = join(folder, name);
      if (NAME.test(name) && (await isAbandoned(path, now))) await rm(path, { force: true });
    }
  } catch {
    // A file that somebody else removes meanwhile, or a folder that can't be read. It is tried again.
  }
}

/** Files of `temporary-files.ts` are readable for their user alone: those of a library that runs without it are not. */
async function isAbandoned(path: string, now: number): Promise<boolean> {
  const { mtimeMs, mode, uid } = await lstat(path);
  const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS) === 0);
  return isOurs && now - mtimeMs > ABANDONED_MS;
}
