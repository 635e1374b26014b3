/** How the engines say that they have no room for a write. */

/** Of Node and, as numbers, of lmdb: no space on the disk, the map at its limit. Of Postgres and of SQLite adapters. */
const FULL_CODES: readonly unknown[] = ["ENOSPC", 28, -30_792, "53100", "SQLITE_FULL"];

/** Of Redis at its `maxmemory`, and of adapters that pass on no code. */
const FULL_MESSAGES = /^OOM |ENOSPC|No space left on device|disk is full|MDB_MAP_FULL/i;

/** Whether an error, or the one that caused it, says that the store is full. It stays so until somebody makes room. */
export function isFull(error: unknown): boolean {
  const { code, message, cause } = (error ?? {}) as { code?: unknown; message?: unknown; cause?: unknown };
  if (FULL_CODES.includes(code) || FULL_MESSAGES.test(String(message))) return true;
  return cause !== undefined && isFull(cause);
}
