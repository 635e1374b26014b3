/** Standard output and error of the command. A reader that leaves, or a full disk, costs lines and never the process. */
import { pino, type Logger, type LevelWithSilent } from "pino";

/** Characters of the log that may wait for a standard error that refuses them; further lines are dropped. */
const MAX_WAITING_LOG = 1_000_000;

/** Ignores what goes wrong with the output from now on: without a listener, Node ends the process. */
export function ignoreOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** Writes a line to standard output. Never throws. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Whether a person reads standard output. What must not be kept in a file, a QR code or a new API key, is printed only then. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** The log of the command: one JSON line each on standard error. */
export function createLog(level: LevelWithSilent): Logger {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_LOG });
  destination.on("error", () => {});
  return pino({ level }, destination);
}
