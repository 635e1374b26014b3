/** Reads a file to send piece by piece, within bounds, and lets go of it whatever the end. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { waitFor } from "../../async/deadline.js";
import { withAnyOf } from "../../async/forward-abort.js";
import { MEDIA_IDLE_MS } from "../../egress/media-limits.js";
import { currentSending } from "../../async/sending.js";
import { isZpwootError, messageOf, ZpwootError } from "../../errors.js";

/** Gives the stream to read. */
type Opener = () => Readable | Promise<Readable>;

/** How a file is read. `field` is for errors. */
export interface SourceBounds {
  readonly field: string;
  readonly maxBytes: number;
  /** The option that sets `maxBytes`, or what else does. */
  readonly boundedBy: string;
  /** The longest silence, in milliseconds. Default 20,000. */
  readonly idleMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** After so many bytes others get their turn: a source that always has more would keep timers from running. */
const TURN_BYTES = 1024 * 1024;

/** Opened when it is read: then its error finds a listener, and a file that nobody reads holds no descriptor. */
export function lazily(opener: Opener, bounds: SourceBounds): Readable {
  const { signal } = currentSending() ?? {};
  return Readable.from(chunksOf(opener, bounds, signal), { objectMode: false });
}

/** Opens a regular file. Rejects at once for what would block, or never end: pipes, devices, folders. */
export async function openFile(path: string | URL, field: string): Promise<Readable> {
  // O_NONBLOCK: to open a pipe would wait for its writer, and hold up the end of the process. Windows has no such flag.
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile())
      throw new ZpwootError(
        "INVALID_INPUT",
        `${field}: the path names no regular file; send pipes as streams`,
      );
    return file.createReadStream();
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Throws `INVALID_INPUT` for a file that is empty or too large. */
export function requireSize(bytes: number, { field, maxBytes, boundedBy }: SourceBounds): void {
  if (bytes === 0) throw new ZpwootError("INVALID_INPUT", `${field}: the file is empty`);
  if (bytes > maxBytes)
    throw new ZpwootError("INVALID_INPUT", `${field}: larger than ${maxBytes} bytes (${boundedBy})`);
}

async function* chunksOf(
  opener: Opener,
  bounds: SourceBounds,
  given: AbortSignal | undefined,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  const { field, signal } = bounds;
  const next = <T>(work: Promise<T>): Promise<T> =>
    withAnyOf([signal, given], (ends) => inTime(work, bounds, ends));
  let source: Readable | undefined;
  let [bytes, untilTurn] = [0, TURN_BYTES];
  try {
    source = await next(opened(opener));
    const chunks = (source as AsyncIterable<Uint8Array | string>)[Symbol.asyncIterator]();
    for (;;) {
      const piece = await next(chunks.next());
      if (piece.done === true) break;
      const { value } = piece;
      bytes += Buffer.byteLength(value);
      if (bytes > 0) requireSize(bytes, bounds);
      if (bytes > untilTurn) {
        untilTurn = bytes + TURN_BYTES;
        await turn();
      }
      yield value;
    }
    requireSize(bytes, bounds);
  } catch (error) {
    throw isZpwootError(error) ? error : unreadable(field, error);
  } finally {
    source?.destroy();
  }
}

async function opened(opener: Opener): Promise<Readable> {
  return opener();
}

async function inTime<T>(
  work: Promise<T>,
  { field, idleMs = MEDIA_IDLE_MS }: SourceBounds,
  signal: AbortSignal,
): Promise<T> {
  const result = await waitFor(work, { timeoutMs: idleMs, signal });
  if (result.by === "value") return result.value;
  // A file that is opened too late is let go.
  work.then((late) => (late instanceof Readable ? void late.destroy() : undefined)).catch(() => {});
  if (result.by === "abort") throw result.reason;
  throw new ZpwootError("TIMEOUT", `${field}: nothing was read for ${idleMs} ms`);
}

/** The code of a file system error says enough; its text holds the path. */
function unreadable(field: string, cause: unknown): ZpwootError {
  const { code } = cause as { readonly code?: unknown };
  const why = typeof code === "string" ? code : messageOf(cause);
  return new ZpwootError("INVALID_INPUT", `${field}: the file can't be read (${why})`, { cause });
}
