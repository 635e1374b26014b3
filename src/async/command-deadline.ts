/** How long a command may take, whatever its surroundings do: a store, a proxy, a library or WhatsApp that says nothing. */
import { DeadlineError, withDeadline } from "./deadline.js";
import { ZpwootError } from "../errors.js";

/** The longest time of a command, in milliseconds; times that options set for it come on top. */
export const COMMAND_MS = 60_000;
/** The longest time of work on all that is stored of a session, in milliseconds: export, import, snapshots. */
export const BACKUP_MS = 10 * 60_000;

/** Settles as the command does, or rejects with `TIMEOUT`; what the command began goes on then. */
export async function inTime<T>(
  command: string,
  work: () => Promise<T>,
  timeoutMs: number = COMMAND_MS,
): Promise<T> {
  try {
    return await withDeadline(command, timeoutMs, work);
  } catch (cause) {
    if (!(cause instanceof DeadlineError)) throw cause;
    const seconds = Math.round(timeoutMs / 1_000);
    const text = `${command} did not finish within ${seconds} s. It goes on: see the status of the session`;
    throw new ZpwootError("TIMEOUT", text, { cause });
  }
}
