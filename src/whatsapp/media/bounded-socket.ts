/** Puts bounds on what a library's socket does with media by itself. */
import { withDeadline } from "../../async/deadline.js";
import { MEDIA_TOTAL_MS, type MediaLimits } from "../../egress/media-limits.js";
import type { SocketFactory, WhatsAppSocket } from "../library.js";
import { fetchMedia } from "./fetch.js";

/** How long a phone may take to store media again. */
const REUPLOAD_MS = 30_000;
/** The fields of a message that may be a file, or `{ url }`. */
const MEDIA_FIELDS = ["image", "video", "audio", "document", "sticker"];

/**
 * The library with two changes to its sockets: a file that is sent by URL is fetched here, whole, before the library gets it, because an
 * error of its stream would end the process; and uploads and `updateMediaMessage` have a deadline.
 */
export function withBoundedMedia(library: SocketFactory, limits: MediaLimits): SocketFactory {
  const makeSocket: SocketFactory["makeSocket"] = (config, onFrameError) => {
    const socket = library.makeSocket(config, onFrameError);
    bound(socket, limits);
    return socket;
  };
  return Object.assign(Object.create(library) as SocketFactory, { makeSocket });
}

function bound(socket: WhatsAppSocket, limits: MediaLimits): void {
  const { sendMessage, updateMediaMessage, updateProfilePicture, waUploadToServer } = socket;
  // Baileys 7 never settles when the answer to an upload breaks off.
  const upload: typeof waUploadToServer = (...args) =>
    withDeadline("the media host", limits.totalMs ?? MEDIA_TOTAL_MS, () => waUploadToServer(...args));
  socket.sendMessage = async (jid, content, options) => {
    // The library passes its own uploader with the options of the call, which come last.
    const bounded: typeof options = Object.assign({ upload }, options);
    return sendMessage(jid, await withFetched(content, MEDIA_FIELDS, limits), bounded);
  };
  socket.updateProfilePicture = async (jid, content, ...rest) => {
    const { picture } = await withFetched({ picture: content }, ["picture"], limits);
    return updateProfilePicture(jid, picture, ...rest);
  };
  socket.updateMediaMessage = (message) =>
    withDeadline("the phone that stores the media again", REUPLOAD_MS, () => updateMediaMessage(message));
}

/** The content with bytes in place of web addresses. Other files stay as they are. */
async function withFetched<Content extends object>(
  content: Content,
  fields: readonly string[],
  limits: MediaLimits,
): Promise<Content> {
  let result = content;
  for (const field of fields) {
    const url = webAddress((content as Record<string, unknown>)[field]);
    if (url === undefined) continue;
    result = { ...result, [field]: await fetchMedia(url, { limits }) };
  }
  return result;
}

function webAddress(file: unknown): string | undefined {
  if (typeof file !== "object" || file === null || !("url" in file)) return undefined;
  const url = String(file.url);
  return /^https?:\/\//.test(url) ? url : undefined;
}
