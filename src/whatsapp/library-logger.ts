/**
 * The logger a library socket is given. Baileys-family libraries log whole nodes, keys and credentials as fields; only
 * the text of a message is passed on, at debug level, and never its fields.
 */
import type { UserFacingSocketConfig } from "whaileys";
import type { Logger } from "../api/logger.js";

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** A pino-shaped logger for one session's socket. */
export function quietLogger(logger: Logger, sessionId: string): LibraryLogger {
  const pass = (first: unknown, second?: unknown): void => {
    const text = typeof second === "string" ? second : first;
    if (typeof text === "string") logger.debug({ sessionId, from: "library" }, text);
  };
  const drop = (): void => {};
  const quiet = {
    // Not "debug" or "trace": at those levels whaileys logs every stanza.
    level: "info",
    child: () => quiet,
    trace: drop,
    debug: drop,
    info: pass,
    warn: pass,
    error: pass,
    fatal: pass,
  };
  return quiet as unknown as LibraryLogger;
}
