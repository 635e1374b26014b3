/** The logger of a manager without the option `logger`: warnings and errors, one line each, on standard error. */
import { Console } from "node:console";
import type { Writable } from "node:stream";
import { SILENT, type Logger } from "../api/logger.js";
import { OutputBound } from "../async/output-bound.js";
import { messageOf } from "../errors.js";

/** The logger that the option `logger` asks for; {@link lineLogger} when it is left out. */
export function loggerOf(option: Logger | false | undefined): Logger {
  if (option === false) return SILENT;
  return option ?? lineLogger();
}

/**
 * A logger that writes warnings and errors as lines for people:
 * `2026-01-31T12:00:00.000Z zpwoot WARN the store does not answer error="no answer within 2000 ms"`. Never throws, also when
 * the stream is closed. While its reader stalls, lines beyond 1 MB are dropped; their number follows.
 */
export function lineLogger(stream: Writable = process.stderr, now: () => Date = () => new Date()): Logger {
  ignoreErrors(stream);
  const out = new Console({ stdout: stream, stderr: stream });
  const line = (level: string, fields: object, message: string): void =>
    out.error(lineOf(`${now().toISOString()} zpwoot ${level}`, fields, message));
  const bound = new OutputBound(stream, (lines) =>
    line("WARN", { lines }, "log lines were lost: the reader of this log stalled"),
  );
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      if (bound.takes()) line(level, fields, message);
    };
  return { ...SILENT, warn: write("WARN"), error: write("ERROR") };
}

function lineOf(head: string, fields: object, message: string): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${textOf(value)}`);
  return [head, message, ...shown].join(" ").replace(CONTROL, " ");
}

const ignored = new WeakSet<Writable>();

/** From now on. Node's Console ignores the error of the first write to a stream that is closed, and the second ends the process. */
function ignoreErrors(stream: Writable): void {
  if (ignored.has(stream)) return;
  ignored.add(stream);
  stream.on("error", () => {});
}

/** What would break a line or steer a terminal. */
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;
/** What can stand without quotes. */
const PLAIN = /^[^\s"'=,{}[\]]+$/;

function textOf(value: unknown): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (value instanceof Error) return JSON.stringify(messageOf(value));
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A circle, or a BigInt.
    return String(value);
  }
}
