/**
 * Files to send, before a library gets them. A library opens a path or an address by itself: past the guard of `egress/`, without an
 * end, and whaileys turns the error of its stream into the end of the process. So it gets bytes, or a stream that is opened here.
 */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { waitFor } from "../../async/deadline.js";
import { MEDIA_IDLE_MS, type MediaLimits } from "../../egress/media-limits.js";
import { isZpwootError, messageOf, ZpwootError } from "../../errors.js";
import { fetchMedia } from "./fetch.js";

/** What stands for a file, as the libraries take it. */
type OutgoingFile = Buffer | { readonly stream: Readable };

/**
 * A file that a library may have: web addresses and `data:` URLs as bytes, paths and streams as a stream that fails only where the
 * library listens. What names no file stays as it is. `field` is for errors. Rejects with `INVALID_INPUT` and `CONNECTION_FAILED`.
 */
export async function safeFile<File>(
  file: File,
  field: string,
  limits: MediaLimits,
): Promise<File | OutgoingFile> {
  const { stream, url } = partsOf(file);
  if (stream !== undefined) {
    // It may fail before anyone reads it, and an error that nobody hears ends the process.
    stream.on("error", () => {});
    return { stream: lazily(() => stream, field, limits) };
  }
  if (url === undefined) return file;
  const address = String(url);
  if (/^https?:\/\//.test(address)) return fetchMedia(address, { limits });
  if (address.startsWith("data:")) return Buffer.from(address.slice(address.indexOf(",") + 1), "base64");
  return { stream: lazily(() => createReadStream(url), field, limits) };
}

/** The same, whole: for files that a library takes into memory. Rejects with `INVALID_INPUT` above the size limit, too. */
export async function safeBytes<File>(
  file: File,
  field: string,
  limits: MediaLimits,
): Promise<File | Buffer> {
  const safe = await safeFile(file, field, limits);
  const { stream } = partsOf(safe);
  if (stream === undefined) return safe as File | Buffer;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.maxBytes)
      throw new ZpwootError(
        "INVALID_INPUT",
        `${field}: larger than ${limits.maxBytes} bytes (media.maxBytes)`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface FileParts {
  readonly stream?: Readable | undefined;
  readonly url?: string | URL | undefined;
}

function partsOf(file: unknown): FileParts {
  if (typeof file !== "object" || file === null || file instanceof Uint8Array) return {};
  const { stream, url } = file as { readonly stream?: unknown; readonly url?: unknown };
  if (stream instanceof Readable) return { stream };
  return typeof url === "string" || url instanceof URL ? { url } : {};
}

/** Opened when it is read: then its error finds a listener, and a file that nobody reads holds no descriptor. */
function lazily(open: () => Readable, field: string, limits: MediaLimits): Readable {
  return Readable.from(chunksOf(open, field, limits), { objectMode: false });
}

async function* chunksOf(
  open: () => Readable,
  field: string,
  { idleMs = MEDIA_IDLE_MS, signal }: MediaLimits,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  const source = open();
  const chunks = (source as AsyncIterable<Uint8Array | string>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await waitFor(chunks.next(), { timeoutMs: idleMs, signal });
      if (next.by === "abort") throw next.reason;
      if (next.by !== "value")
        throw new ZpwootError("TIMEOUT", `${field}: nothing was read for ${idleMs} ms`);
      if (next.value.done === true) return;
      yield next.value.value;
    }
  } catch (error) {
    throw isZpwootError(error) ? error : unreadable(field, error);
  } finally {
    source.destroy();
  }
}

/** The code of a file system error says enough; its text holds the path. */
function unreadable(field: string, cause: unknown): ZpwootError {
  const { code } = cause as { readonly code?: unknown };
  const why = typeof code === "string" ? code : messageOf(cause);
  return new ZpwootError("INVALID_INPUT", `${field}: the file can't be read (${why})`, { cause });
}
