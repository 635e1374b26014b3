/** Downloads and decrypts the media of a message, into memory or into a file; the same for every library. */
import type { WAMessage } from "whaileys";
import type { OpenedMedia } from "../../api/media.js";
import { withMedia } from "../../egress/media-body.js";
import type { MediaLimits } from "../../egress/media-limits.js";
import { isZpwootError, ZpwootError } from "../../errors.js";
import type { WhatsAppSocket } from "../library.js";
import { storedMedia, withBytes, type StoredMedia } from "./content.js";
import { decrypted, WrongMediaError } from "./decrypt.js";
import { mediaError, openMedia, type FetchMediaOptions } from "./fetch.js";
import { openStored } from "./open.js";
import { writeWhole } from "./whole-file.js";

/** What a download needs. */
export interface DownloadOptions extends FetchMediaOptions {
  /** Asks the sender's phone to store expired media again. Undefined while the session is not connected. */
  readonly socket: WhatsAppSocket | undefined;
}

/** WhatsApp deletes stored media after weeks. */
const EXPIRED: readonly (number | undefined)[] = [404, 410];

/**
 * The content of a media message. Rejects with `INVALID_INPUT` when it holds none, or none that may be fetched, with `TIMEOUT` when other
 * media leaves no room in memory, and with `CONNECTION_FAILED`.
 */
export async function downloadMessageMedia(message: WAMessage, options: DownloadOptions): Promise<Buffer> {
  return orStoredAgain(message, options, async (media) => {
    const answer = await openMedia(media.url, options);
    return withMedia(
      answer,
      options.limits,
      (whole) => whole,
      (body) => decrypted(body, media),
    );
  });
}

/** The same into a file, which takes no memory: it is there whole and checked, or not at all. Settles with its size in bytes. */
export async function downloadMessageMediaTo(
  path: string,
  message: WAMessage,
  options: DownloadOptions,
): Promise<number> {
  return orStoredAgain(message, options, async (media) => {
    const answer = await openMedia(media.url, options);
    try {
      return await writeWhole(path, decrypted(answer.body, media));
    } finally {
      answer.discard();
    }
  });
}

/** The same, opened for reading piece by piece. Rejects like {@link downloadMessageMedia}; so does its body, and with the reason of the signal. */
export async function openMessageMedia(message: WAMessage, options: DownloadOptions): Promise<OpenedMedia> {
  return orStoredAgain(message, options, async (media) => {
    const { bytes, body, discard } = await openStored(
      await openMedia(media.url, options),
      media,
      options.limits,
    );
    const { mimetype = null, fileName = null } = media;
    return { mimetype, fileName, bytes, body: withCallersErrors(body, options), discard };
  });
}

async function* withCallersErrors(
  body: AsyncIterable<Uint8Array>,
  { limits }: FetchMediaOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw downloadError(error, limits);
  }
}

/** Downloads, and once more when the sender's phone had to store the media again. */
async function orStoredAgain<T>(
  message: WAMessage,
  options: DownloadOptions,
  download: (media: StoredMedia) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(message, options, download);
  } catch (error) {
    const { socket } = options;
    if (socket === undefined || !isZpwootError(error, "CONNECTION_FAILED") || !EXPIRED.includes(error.status))
      throw error;
    return attempt(await storedAgain(message, socket, error), options, download);
  }
}

async function storedAgain(
  message: WAMessage,
  socket: WhatsAppSocket,
  expired: ZpwootError,
): Promise<WAMessage> {
  try {
    return await socket.updateMediaMessage(withBytes(message));
  } catch {
    // The library's error may hold the message and its media key.
    throw expired;
  }
}

async function attempt<T>(
  message: WAMessage,
  { limits }: FetchMediaOptions,
  download: (media: StoredMedia) => Promise<T>,
): Promise<T> {
  const media = storedMedia(message);
  if (media === undefined)
    throw new ZpwootError("INVALID_INPUT", "message: it holds no media that can be downloaded");
  try {
    return await download(media);
  } catch (error) {
    throw downloadError(error, limits);
  }
}

function downloadError(error: unknown, limits: MediaLimits): ZpwootError {
  if (!(error instanceof WrongMediaError)) return mediaError(error, limits);
  const text = "The media could not be downloaded (it is not what the message announces)";
  return new ZpwootError("CONNECTION_FAILED", text);
}
