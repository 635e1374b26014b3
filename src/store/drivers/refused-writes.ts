/** How the engines say that they take no write, as long as nobody changes that: there is no room, or they are read-only. Reads go on. */
import { reasonOf } from "./driver.js";

/** Why a store takes no write. */
export type WriteRefusal = "full" | "read-only";

/**
 * Of Node and, as numbers, of lmdb: no space on the disk, the map at its limit; 5, an input/output error, is what it makes of a write that was
 * cut short by the end of the disk. Of Postgres and of SQLite adapters.
 */
const FULL_CODES: readonly unknown[] = ["ENOSPC", 28, -30_792, 5, "53100", "SQLITE_FULL"];

/** Of Redis at its `maxmemory`, and of adapters that pass on no code. */
const FULL_MESSAGES = /\bOOM command not allowed|ENOSPC|No space left on device|disk is full|MDB_MAP_FULL/i;

/** Of a file system and, as a number, of lmdb; of Postgres: a read-only transaction (a replica, a setting), no right to write. */
const READ_ONLY_CODES: readonly unknown[] = ["EROFS", 30, "25006", "42501", "SQLITE_READONLY"];

/** Of a Redis that is a replica, can't save, or has too few replicas, also behind a script; of adapters that pass on no code. */
const READ_ONLY_MESSAGES =
  /\bREADONLY\b|\bMISCONF\b|\bNOREPLICAS\b|EROFS|read-only (transaction|file system|database)/i;

/** Why the store took no write, if an error, or the one that caused it, says so. */
export function writeRefusal(error: unknown): WriteRefusal | undefined {
  const { code, message, cause } = (error ?? {}) as { code?: unknown; message?: unknown; cause?: unknown };
  if (FULL_CODES.includes(code) || FULL_MESSAGES.test(String(message))) return "full";
  if (READ_ONLY_CODES.includes(code) || READ_ONLY_MESSAGES.test(String(message))) return "read-only";
  return cause === undefined ? undefined : writeRefusal(cause);
}

/** What a failed write says of a store: with what to do, where somebody has to do something. */
export function failedWrite(error: unknown): string {
  const reason = reasonOf(error);
  switch (writeRefusal(error)) {
    case "full":
      return `is full and did not accept a write (${reason}): make room where it is, then try again. What it holds is intact`;
    case "read-only":
      return `is read-only and did not accept a write (${reason}): make it writable where it is, then try again. What it holds is intact`;
    case undefined:
      return `did not accept a write: ${reason}`;
  }
}
