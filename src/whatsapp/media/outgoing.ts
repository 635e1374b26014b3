/**
 * Files to send, before a library gets them. A library opens a path or an address by itself: past the guard of `egress/`, without an
 * end, and whaileys turns the error of its stream into the end of the process. So it gets bytes, or a stream that is opened here.
 */
import { Readable } from "node:stream";
import { withAnyOf } from "../../async/forward-abort.js";
import { MAX_STORED_BYTES, type MediaLimits } from "../../egress/media-limits.js";
import { currentSending } from "../../async/sending.js";
import { fetchMedia } from "./fetch.js";
import { lazily, openFile, requireSize, type SourceBounds } from "./source.js";

/** What stands for a file, as the libraries take it. */
type OutgoingFile = Buffer | { readonly stream: Readable };

/** Files that no library takes into memory: they may be as large as WhatsApp stores. */
const ON_DISK: ReadonlySet<string> = new Set(["video", "document"]);

/**
 * A file that a library may have: web addresses and `data:` URLs as bytes, paths and streams as a stream that fails only where the
 * library listens. What names no file stays as it is. `field` is for errors. Rejects with `INVALID_INPUT`, for an empty file or one that
 * is too large, too, and with `CONNECTION_FAILED`.
 */
export async function safeFile<File>(
  file: File,
  field: string,
  limits: MediaLimits,
): Promise<File | OutgoingFile> {
  const bounds = boundsOf(field, limits);
  const { stream, url } = partsOf(file);
  if (stream !== undefined) {
    // It may fail before anyone reads it, and an error that nobody hears ends the process.
    stream.on("error", () => {});
    return { stream: lazily(() => stream, bounds) };
  }
  if (url === undefined) {
    if (file instanceof Uint8Array) requireSize(file.length, bounds);
    return file;
  }
  const address = String(url);
  const whole = /^https?:\/\//.test(address)
    ? await fetched(address, limits)
    : address.startsWith("data:")
      ? Buffer.from(address.slice(address.indexOf(",") + 1), "base64")
      : undefined;
  if (whole === undefined) return { stream: lazily(() => openFile(url, field), bounds) };
  requireSize(whole.length, bounds);
  return whole;
}

/** The same, whole: for files that a library takes into memory. */
export async function safeBytes<File>(
  file: File,
  field: string,
  limits: MediaLimits,
): Promise<File | Buffer> {
  const safe = await safeFile(file, field, limits);
  const { stream } = partsOf(safe);
  if (stream === undefined) return safe as File | Buffer;
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A message that is given up ends the download of its file, too. */
async function fetched(address: string, limits: MediaLimits): Promise<Buffer> {
  const sending = currentSending();
  return withAnyOf([limits.signal, sending?.signal], (signal) =>
    fetchMedia(address, { limits: { ...limits, signal } }),
  );
}

function boundsOf(field: string, { maxBytes, idleMs, signal }: MediaLimits): SourceBounds {
  const isOnDisk = ON_DISK.has(field);
  return {
    ...{ field, idleMs, signal },
    maxBytes: isOnDisk ? MAX_STORED_BYTES : maxBytes,
    boundedBy: isOnDisk ? "what WhatsApp stores" : "media.maxBytes",
  };
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
