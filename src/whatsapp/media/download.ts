/** Downloads and decrypts the media of a message; the same for every library. */
import type { WAMessage } from "whaileys";
import { isZpwootError, ZpwootError } from "../../errors.js";
import type { WhatsAppSocket } from "../library.js";
import { storedMedia } from "./content.js";
import { decryptMedia, WrongMediaError } from "./decrypt.js";
import { fetchMedia, type FetchMediaOptions } from "./fetch.js";

/** What a download needs. */
export interface DownloadOptions extends FetchMediaOptions {
  /** Asks the sender's phone to store expired media again. Undefined while the session is not connected. */
  readonly socket: WhatsAppSocket | undefined;
}

/** WhatsApp deletes stored media after weeks. */
const EXPIRED: readonly (number | undefined)[] = [404, 410];

/**
 * The content of a media message. Rejects with `INVALID_INPUT` when it holds none, or none that may be fetched, and with
 * `CONNECTION_FAILED`.
 */
export async function downloadMessageMedia(message: WAMessage, options: DownloadOptions): Promise<Buffer> {
  try {
    return await download(message, options);
  } catch (error) {
    const { socket } = options;
    if (socket === undefined || !isZpwootError(error, "CONNECTION_FAILED") || !EXPIRED.includes(error.status))
      throw error;
    return download(await storedAgain(message, socket, error), options);
  }
}

async function storedAgain(
  message: WAMessage,
  socket: WhatsAppSocket,
  expired: ZpwootError,
): Promise<WAMessage> {
  try {
    return await socket.updateMediaMessage(message);
  } catch {
    // The library's error may hold the message and its media key.
    throw expired;
  }
}

async function download(message: WAMessage, options: FetchMediaOptions): Promise<Buffer> {
  const media = storedMedia(message);
  if (media === undefined)
    throw new ZpwootError("INVALID_INPUT", "message: it holds no media that can be downloaded");
  const stored = await fetchMedia(media.url, options);
  try {
    return decryptMedia(stored, media);
  } catch (error) {
    if (!(error instanceof WrongMediaError)) throw error;
    throw new ZpwootError(
      "CONNECTION_FAILED",
      "The media could not be downloaded (it is not what the message announces)",
    );
  }
}
