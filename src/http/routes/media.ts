/** The route that downloads the media of a message: JSON in, the decrypted bytes out, as they come. */
import type { OpenedMedia } from "../../api/media.js";
import { RECHECK_MS } from "../access/still-allowed.js";
import { mediaMessageSchema } from "../contract/calls.js";
import { type BodyStream, RawResponse } from "../protocol/message.js";
import { defineBodyRoute, requireFeature, type Route, type RouteInput } from "../route.js";

/** A message with a thumbnail has some ten kilobytes. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * What the bytes are was said by a stranger, who may say `text/html`: no browser may take them for a page of this server.
 */
const SAFE_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
} as const;

/** The download. */
export const MEDIA_ROUTES: readonly Route[] = [
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/media",
    operation: "downloadMedia",
    summary: "The media of a message, decrypted; the body is a message of `messages.upsert`",
    tag: "messages",
    access: "operator",
    lasts: true,
    status: 200,
    contentType: "application/octet-stream",
    bodyLimitBytes: BODY_LIMIT_BYTES,
    request: mediaMessageSchema,
    call: async (manager, { id, body, signal, stillAllowed }) => {
      const media = await requireFeature(manager, "openMedia").openMedia(id, body, { signal });
      return new RawResponse({
        ...{ status: 200, headers: headersOf(media), body: "" },
        stream: bodyOf(media, stillAllowed),
        discard: () => media.discard(),
      });
    },
  }),
];

function headersOf({ mimetype, fileName, bytes }: OpenedMedia): Readonly<Record<string, string>> {
  const name = fileName === null ? "" : `; filename*=UTF-8''${encodedName(fileName)}`;
  return {
    ...SAFE_HEADERS,
    "content-type": mimetype ?? "application/octet-stream",
    "content-disposition": `attachment${name}`,
    ...(bytes === null ? {} : { "content-length": String(bytes) }),
  };
}

/** RFC 8187. */
function encodedName(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

/** Ends with its client, and soon after the client's key is revoked: it is half an answer then, and its connection breaks off. */
function bodyOf(media: OpenedMedia, stillAllowed: RouteInput["stillAllowed"]): BodyStream {
  return (disconnected) => {
    // Here and not in the generator, which never runs for a client that is gone before it reads.
    disconnected.addEventListener("abort", () => media.discard(), { once: true });
    return allowedPieces(media, stillAllowed);
  };
}

async function* allowedPieces(
  media: OpenedMedia,
  stillAllowed: RouteInput["stillAllowed"],
): AsyncGenerator<Uint8Array, void, undefined> {
  let checkedAt = performance.now();
  try {
    for await (const piece of media.body) {
      if (performance.now() - checkedAt >= RECHECK_MS) {
        checkedAt = performance.now();
        if (!(await stillAllowed())) throw new Error("The API key was revoked");
      }
      yield piece;
    }
  } finally {
    media.discard();
  }
}
