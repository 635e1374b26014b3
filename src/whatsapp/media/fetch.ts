/** Fetches media from a URL, with errors that callers can act on and that hold neither URL nor key. */
import type { Agent } from "node:http";
import { sendRequest, TooLargeError, type IncomingAnswer } from "../../egress/http-request.js";
import { withMedia } from "../../egress/media-body.js";
import { downloadLimits, placeOf, type MediaLimits } from "../../egress/media-limits.js";
import { TargetRefusedError } from "../../egress/target-guard.js";
import { isZpwootError, ZpwootError } from "../../errors.js";

/** How media is fetched. */
export interface FetchMediaOptions {
  readonly agent?: Agent | undefined;
  readonly limits: MediaLimits;
}

const OK = 200;
const ORIGIN = "https://web.whatsapp.com";

/**
 * The bytes at a URL. Rejects with `INVALID_INPUT` when the address is not allowed or the file is too large, with `TIMEOUT` when there
 * is no room for it in memory, with `CONNECTION_FAILED`, whose `status` is the server's when it answered, and with the reason of the
 * signal.
 */
export async function fetchMedia(url: string, options: FetchMediaOptions): Promise<Buffer> {
  const { limits } = options;
  try {
    return await withMedia(await openMedia(url, options), limits, (whole) => whole);
  } catch (error) {
    throw mediaError(error, limits);
  }
}

/** The answer of a URL whose server has the file; read or discard its body. Rejects as {@link fetchMedia}. */
export async function openMedia(url: string, { agent, limits }: FetchMediaOptions): Promise<IncomingAnswer> {
  const answer = await sendRequest({
    ...{ ...placeOf(url, limits), agent, headers: { origin: ORIGIN }, limits: downloadLimits(limits) },
    signal: limits.signal,
  });
  if (answer.status === OK) return answer;
  answer.discard();
  const { status } = answer;
  throw new ZpwootError("CONNECTION_FAILED", `The media could not be downloaded (status ${status})`, {
    status,
  });
}

/**
 * The error for the caller. The original one is dropped: its text may hold the address. Its `details`,
 * which callers over HTTP get, name no option: those are not theirs.
 */
export function mediaError(error: unknown, { maxBytes }: MediaLimits): ZpwootError {
  if (isZpwootError(error)) return error;
  if (error instanceof TargetRefusedError)
    return refused(
      "The media is at a private address, which is not asked",
      " unless media.allowPrivateSources is set",
    );
  if (error instanceof TooLargeError)
    return refused(`The media is larger than ${maxBytes} bytes`, " (media.maxBytes)");
  return new ZpwootError("CONNECTION_FAILED", "The media could not be downloaded (no answer)");
}

/** The same error, saying which field had the address, where that alone is wrong. */
export function aboutField(error: unknown, field: string): unknown {
  if (!isZpwootError(error, "INVALID_INPUT") || error.message.startsWith(field)) return error;
  const details = error.details.map((sentence) => `${field}: ${sentence}`);
  return new ZpwootError("INVALID_INPUT", `${field}: ${error.message}`, { details });
}

function refused(sentence: string, option: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `${sentence}${option}`, { details: [sentence] });
}
