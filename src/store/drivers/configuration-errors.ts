/** Which errors of opening a store mean that its option is wrong, so that waiting does not help. */
import { RefusedRedis } from "./redis-modes.js";

/** Of Node and, as numbers, of the system calls in lmdb: the path is a file, may not be used, or is on a read-only disk. */
const PATH_CODES: readonly unknown[] = ["ENOTDIR", "EACCES", "EPERM", "EROFS", "EEXIST", 20, 13, 1, 30, 17];

/** Of Postgres: a wrong login (class 28), no such database, no permission. Of lmdb: a file of another program or version. */
const SERVER_CODES = /^(28...|3D000|42501|-3079[34])$/;

/** How Redis refuses a login. */
const REDIS_LOGIN = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid DB index)/;

/** Whether an error of opening a store names a mistake in its option: a path, login, database or host name that is wrong. */
export function isConfigurationError(error: unknown): boolean {
  const { code, message, syscall } = error as { code?: unknown; message?: unknown; syscall?: unknown };
  // A connection may be refused with the same codes for reasons that pass.
  if (syscall !== "connect" && PATH_CODES.includes(code)) return true;
  return (
    error instanceof RefusedRedis || SERVER_CODES.test(String(code)) || REDIS_LOGIN.test(String(message))
  );
}
