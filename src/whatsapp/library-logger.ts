/**
 * The logger that a library's socket receives. Baileys-family libraries log whole nodes, keys and credentials as fields, so only the
 * text of a line is passed on, never its fields.
 *
 * | library's level | our level |
 * | --- | --- |
 * | `trace`, `debug` | none |
 * | `info`, `warn` | `debug` |
 * | `error`, `fatal` | `warn`; routine ones, and those of a lost connection, `debug` |
 */
import type { UserFacingSocketConfig } from "whaileys";
import type { Logger } from "../api/logger.js";

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** Errors that are part of normal operation, every link included; the engine logs what it does about them. */
const ROUTINE: ReadonlySet<string> = new Set(["stream errored out"]);

/** What the libraries reject with when they answer on a connection that is closed. */
const CONNECTION_CLOSED = 428;
/** What the system says of a connection that is gone. */
const GONE = /\bwrite (ECONNRESET|EPIPE)\b|\bread ECONNRESET\b/;

/**
 * Whether a library could not answer a stanza because the connection ended meanwhile: the engine itself says that it ended, and what was not
 * acknowledged comes again. whaileys gives the text of the error and its parts, Baileys 7 the error.
 */
function isOfLostConnection(fields: unknown): boolean {
  if (typeof fields !== "object" || fields === null) return false;
  const { err, trace, output } = fields as { err?: unknown; trace?: unknown; output?: unknown };
  const { output: own, message } = (err ?? {}) as { output?: unknown; message?: unknown };
  const { statusCode } = (own ?? output ?? {}) as { statusCode?: unknown };
  return statusCode === CONNECTION_CLOSED || GONE.test(`${String(message)} ${String(trace)}`);
}

/** Returns a pino-compatible logger for the sockets of one session. */
export function libraryLogger(logger: Logger, sessionId: string): LibraryLogger {
  const pass =
    (isError: boolean) =>
    (first: unknown, second?: unknown): void => {
      const text = typeof second === "string" ? second : first;
      if (typeof text !== "string") return;
      const level = isError && !ROUTINE.has(text) && !isOfLostConnection(first) ? "warn" : "debug";
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
