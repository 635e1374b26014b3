/**
 * The logger that a library's socket receives. Baileys-family libraries log whole nodes, keys and credentials as fields, so only the
 * text of a line is passed on, never its fields.
 *
 * | library's level | our level |
 * | --- | --- |
 * | `trace`, `debug` | none |
 * | `info`, `warn` | `debug` |
 * | `error`, `fatal` | `warn`; routine ones `debug` |
 */
import type { UserFacingSocketConfig } from "whaileys";
import type { Logger } from "../api/logger.js";

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** Errors that are part of normal operation, every link included; the engine logs what it does about them. */
const ROUTINE: ReadonlySet<string> = new Set(["stream errored out"]);

/** Returns a pino-compatible logger for the sockets of one session. */
export function libraryLogger(logger: Logger, sessionId: string): LibraryLogger {
  const pass =
    (isError: boolean) =>
    (first: unknown, second?: unknown): void => {
      const text = typeof second === "string" ? second : first;
      if (typeof text !== "string") return;
      const level = isError && !ROUTINE.has(text) ? "warn" : "debug";
      logger[level]({ sessionId, from: "library" }, text);
    };
  const drop = (): void => {};
  const redacting = {
    // With "debug" or "trace" whaileys logs every stanza.
    level: "info",
    child: () => redacting,
    trace: drop,
    debug: drop,
    info: pass(false),
    warn: pass(false),
    error: pass(true),
    fatal: pass(true),
  };
  return redacting as unknown as LibraryLogger;
}
