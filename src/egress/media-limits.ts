/** The bounds of all media, in and out. */
import type { ByteBudget } from "../async/byte-budget.js";
import type { RequestLimits } from "./http-request.js";

/** What media may cost, and where it may come from. */
export interface MediaLimits {
  /** The largest file to take into memory, in bytes. */
  readonly maxBytes: number;
  /** What all transfers hold in memory together. Default: no bound of its own. */
  readonly budget?: ByteBudget;
  /** Whether private, loopback and link-local addresses may be asked for media. */
  readonly allowPrivateSources: boolean;
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
