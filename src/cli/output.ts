/** Standard output and error of the command. A reader that leaves or stalls, or a full disk, costs lines and never the process. */
import { pino, type Logger, type LevelWithSilent } from "pino";
import { OutputBound } from "../async/output-bound.js";

/** Ignores what goes wrong with the output from now on: without a listener, Node ends the process. */
export function ignoreOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** The handle of a terminal: Node writes to one and waits, and a person who holds it (Ctrl-S) would hold the process. */
type Blocking = { readonly _handle?: { setBlocking?(blocking: boolean): unknown } };

/**
 * For commands that run on: what the readers of standard output and error don't take waits in memory up to a bound; further writes
 * are dropped, and counted for a line that follows. Also those of libraries, which write by themselves. Idempotent.
 *
 * Writes to pipes and sockets don't wait for the reader: Node documents them as synchronous, and on Linux they are not (measured).
 * Those to files do.
 */
export function boundOutput(): void {
  bound(process.stdout, (writes) => `zpwoot: ${writes} writes were lost, the reader of this output stalled`);
  bound(process.stderr, (writes) =>
    JSON.stringify({
      ...{ level: pino.levels.values["warn"], time: Date.now() },
      ...{ lines: writes, msg: "log lines were lost: the reader of this log stalled" },
    }),
  );
}

const bounded = new WeakSet<NodeJS.WriteStream>();

function bound(stream: NodeJS.WriteStream, notice: (writes: number) => string): void {
  if (bounded.has(stream)) return;
  bounded.add(stream);
  if (stream.isTTY) (stream as Blocking)._handle?.setBlocking?.(false);
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const limit = new OutputBound(stream, (dropped) => void write(`${notice(dropped)}\n`));
  stream.write = (...args: unknown[]): boolean => {
    if (limit.takes()) return write(...args);
    const callback = args.at(-1);
    if (typeof callback === "function") process.nextTick(callback);
    return false;
  };
}

/** Writes a line to standard output. Never throws. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Whether a person reads standard output. What must not be kept in a file, a QR code or a new API key, is printed only then. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** The log of the command: one JSON line each on standard error. Not a destination of pino's: that one waits for a reader that stalls. */
export function createLog(level: LevelWithSilent): Logger {
  return pino({ level }, { write: (line: string) => void process.stderr.write(line) });
}
