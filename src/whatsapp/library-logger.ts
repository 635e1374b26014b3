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

/** The logger for the sockets of one session. A class, because each session has one. */
class RedactingLogger {
  /** With "debug" or "trace" whaileys logs every stanza. */
  readonly level = "info";
  readonly logger: Logger;
  readonly sessionId: string;

  constructor(logger: Logger, sessionId: string) {
    this.logger = logger;
    this.sessionId = sessionId;
  }

  child(): this {
    return this;
  }

  trace(): void {}

  debug(): void {}

  info(first: unknown, second?: unknown): void {
    this.write("debug", textOf(first, second));
  }

  warn(first: unknown, second?: unknown): void {
    this.write("debug", textOf(first, second));
  }

  error(first: unknown, second?: unknown): void {
    const text = textOf(first, second);
    const isRoutine = ROUTINE.has(text ?? "") || isOfLostConnection(first);
    this.write(isRoutine ? "debug" : "warn", text);
  }

  fatal(first: unknown, second?: unknown): void {
    this.error(first, second);
  }

  private write(level: "debug" | "warn", text: string | undefined): void {
    if (text !== undefined) this.logger[level]({ sessionId: this.sessionId, from: "library" }, text);
  }
}

/** The text of a line, which comes after its fields or alone. */
function textOf(first: unknown, second: unknown): string | undefined {
  const text = typeof second === "string" ? second : first;
  return typeof text === "string" ? text : undefined;
}

/** Returns a pino-compatible logger for the sockets of one session. */
export function libraryLogger(logger: Logger, sessionId: string): LibraryLogger {
  return new RedactingLogger(logger, sessionId) as unknown as LibraryLogger;
}
