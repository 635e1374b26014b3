/** Puts bounds on what a library's socket does with media by itself, and keeps it from asking addresses that messages name. */
import { withDeadline } from "../../async/deadline.js";
import { withAnyOf } from "../../async/forward-abort.js";
import { MEDIA_TOTAL_MS, type MediaLimits } from "../../egress/media-limits.js";
import { currentSending } from "../../async/sending.js";
import type { SocketFactory, WhatsAppSocket } from "../library.js";
import { aboutField } from "./fetch.js";
import { safeBytes, safeFile } from "./outgoing.js";
import { uploadProductImage } from "./product-images.js";
import { requireWholeFiles, withTemporaryFiles } from "./temporary-files.js";

/** How long a phone may take to store media again. */
const REUPLOAD_MS = 30_000;
/**
 * The fields of a message that the libraries take for a file: `MEDIA_KEYS` of whaileys and Baileys 7. Addresses in other fields
 * (`contextInfo.externalAdReply.thumbnailUrl`, `location.url`…) are sent as they are, and asked by nobody here.
 */
const FILE_FIELDS = [
  ...["image", "video", "audio", "document", "sticker"],
  ...["thumbnail-link", "product-catalog-image", "biz-cover-photo", "md-app-state", "md-msg-hist"],
] as const;

/**
 * The library with three changes to its sockets: files are fetched or opened here before the library gets them, what it writes to send them
 * can fail without an unheard error, and uploads and `updateMediaMessage` have a deadline. Every way by which a library would ask an address that its caller names is in docs/proxies.md.
 */
export function withBoundedMedia(library: SocketFactory, limits: MediaLimits): SocketFactory {
  const makeSocket: SocketFactory["makeSocket"] = (config, onFrameError) => {
    const socket = library.makeSocket(config, onFrameError);
    boundMessages(socket, limits);
    boundPictures(socket, limits);
    return socket;
  };
  return Object.assign(Object.create(library) as SocketFactory, { makeSocket });
}

function boundMessages(socket: WhatsAppSocket, limits: MediaLimits): void {
  const { sendMessage, updateMediaMessage, waUploadToServer } = socket;
  const { totalMs = MEDIA_TOTAL_MS, signal } = limits;
  const upload: typeof waUploadToServer = async (...args) => {
    requireWholeFiles();
    const sending = currentSending();
    const stored = await withAnyOf([signal, sending?.signal], (ends) =>
      withDeadline("the media host", totalMs, () => waUploadToServer(...args), { signal: ends }),
    );
    // Given up meanwhile: then the library must not go on to send it.
    sending?.signal.throwIfAborted();
    sending?.onUploaded();
    return stored;
  };
  // Without `getUrlInfo` the library asks no address in a text for a preview. A caller's own options come last.
  const own = { upload, getUrlInfo: undefined };
  socket.sendMessage = async (jid, content, options) => {
    const bounded: typeof options = Object.assign({ ...own }, options);
    const safe = await withSafeFiles(content, limits);
    return safe === content
      ? sendMessage(jid, content, bounded)
      : withTemporaryFiles(() => sendMessage(jid, safe, bounded));
  };
  socket.updateMediaMessage = (message) =>
    withDeadline("the phone that stores the media again", REUPLOAD_MS, () => updateMediaMessage(message), {
      signal,
    });
}

type Method = (...args: unknown[]) => Promise<unknown>;

interface Product {
  readonly images?: readonly unknown[];
}

/** Methods that take pictures into memory. Which of them a socket has depends on its library. */
function boundPictures(socket: WhatsAppSocket, limits: MediaLimits): void {
  const picture = (file: unknown): Promise<unknown> => safeBytes(file, "picture", limits);
  const product = async (given: unknown): Promise<unknown> => {
    const { images } = given as Product;
    if (!Array.isArray(images)) return given;
    const stored = await Promise.all(images.map((image) => storedImage(image, limits, socket)));
    return { ...(given as Product), images: stored };
  };
  const methods = socket as unknown as Record<string, Method | undefined>;
  const replaceArgument = (name: string, at: number, safe: (given: unknown) => Promise<unknown>): void => {
    const method = methods[name];
    if (method === undefined) return;
    methods[name] = async (...args) => {
      const given = await safe(args[at]);
      return withTemporaryFiles(() => method(...args.slice(0, at), given, ...args.slice(at + 1)));
    };
  };
  replaceArgument("updateProfilePicture", 1, picture);
  replaceArgument("newsletterUpdatePicture", 1, picture);
  replaceArgument("updateCoverPhoto", 0, picture);
  replaceArgument("productCreate", 0, product);
  replaceArgument("productUpdate", 1, product);
}

/** A picture that WhatsApp stores already is named to WhatsApp, and asked by nobody here; another is stored there first. */
async function storedImage(image: unknown, limits: MediaLimits, socket: WhatsAppSocket): Promise<unknown> {
  const url = (image as { readonly url?: string | URL } | null)?.url;
  if (url?.toString().includes(".whatsapp.net") === true) return image;
  const picture: unknown = await safeBytes(image, "images", limits);
  // What is no picture is left to the library, which refuses it.
  return Buffer.isBuffer(picture) ? uploadProductImage(picture, socket.waUploadToServer) : picture;
}

/** The content with files that a library may have in place of those that it would open. */
async function withSafeFiles<Content extends object>(
  content: Content,
  limits: MediaLimits,
): Promise<Content> {
  const fields = content as Readonly<Record<string, unknown>>;
  const safe: Record<string, unknown> = {};
  for (const field of FILE_FIELDS) {
    if (fields[field] === undefined) continue;
    try {
      safe[field] = await safeFile(fields[field], field, limits);
    } catch (error) {
      throw aboutField(error, field);
    }
  }
  const product = fields["product"] as { readonly productImage?: unknown } | null | undefined;
  if (product?.productImage !== undefined) {
    const productImage = await safeFile(product.productImage, "product.productImage", limits);
    safe["product"] = { ...product, productImage };
  }
  return Object.keys(safe).length === 0 ? content : { ...content, ...safe };
}
