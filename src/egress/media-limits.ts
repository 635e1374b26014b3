/** The bounds of all media, in and out. */
import type { ByteBudget } from "../async/byte-budget.js";
import type { RequestLimits } from "./http-request.js";
import type { MediaHost } from "./media-host.js";

/** What media may cost, and where it may come from. */
export interface MediaLimits {
  /** The largest file to take into memory, in bytes. */
  readonly maxBytes: number;
  /** What all transfers hold in memory together. Default: no bound of its own. */
  readonly budget?: ByteBudget;
  /** Whether private, loopback and link-local addresses may be asked for media. */
  readonly allowPrivateSources: boolean;
  /** Where media is instead of at WhatsApp's hosts. */
  readonly host?: MediaHost | undefined;
  /** The longest silence, in milliseconds. Default 20,000. */
  readonly idleMs?: number;
  /** A whole transfer, in milliseconds. Default ten minutes. */
  readonly totalMs?: number;
  /** Ends every transfer: its manager stops. */
  readonly signal?: AbortSignal | undefined;
}

/** The default of the longest silence, in milliseconds; also how long the status line of a download may take. */
export const MEDIA_IDLE_MS = 20_000;
/** The default of a whole transfer, in milliseconds. */
export const MEDIA_TOTAL_MS = 10 * 60_000;
/** The longest answer to an upload, in bytes. */
export const MEDIA_ANSWER_BYTES = 1024 * 1024;
/** The largest file that WhatsApp stores, in bytes. */
export const MAX_STORED_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_REDIRECTS = 3;

/** The bounds of a download. */
export function downloadLimits({
  maxBytes,
  idleMs = MEDIA_IDLE_MS,
  totalMs = MEDIA_TOTAL_MS,
}: MediaLimits): RequestLimits {
  return {
    headersMs: idleMs,
    idleMs,
    totalMs,
    maxBytes,
    redirects: MAX_REDIRECTS,
  };
}

/** The bounds of an upload: the status line comes when all is sent, and the answer is short. */
export function uploadLimits({
  idleMs = MEDIA_IDLE_MS,
  totalMs = MEDIA_TOTAL_MS,
}: MediaLimits): RequestLimits {
  return { headersMs: totalMs, idleMs, totalMs, maxBytes: MEDIA_ANSWER_BYTES };
}

/** Where a request goes, and whether it may go to a private address. An upload goes to a media host, whichever was named. */
export function placeOf(
  url: string,
  { host, allowPrivateSources }: MediaLimits,
  { upload = false }: { readonly upload?: boolean } = {},
): { readonly url: string; readonly allowPrivate: boolean } {
  const isMedia = host !== undefined && URL.canParse(url) && (upload || host.isFor(new URL(url)));
  return isMedia
    ? { url: host.addressOf(url), allowPrivate: true }
    : { url, allowPrivate: allowPrivateSources };
}
