/** Media in memory: a piece is taken when there is room for it, so that many transfers at once can't take all memory. */
import type { BudgetShare } from "../async/byte-budget.js";
import { ZpwootError } from "../errors.js";
import type { IncomingAnswer } from "./http-request.js";
import type { MediaLimits } from "./media-limits.js";

/** How long a transfer waits for room. */
export const ROOM_MS = 60_000;

type Through = (body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/**
 * Reads the whole body, or what is made of its pieces on the way, and passes it to `use`; the room that it takes is free when that has
 * settled. Rejects with `TIMEOUT` when other media leaves no room, and as the body and `use` do.
 */
export async function withMedia<T>(
  answer: IncomingAnswer,
  { budget }: MediaLimits,
  use: (whole: Buffer) => T | Promise<T>,
  through: Through = (body) => body,
): Promise<T> {
  if (budget === undefined) return use(await collect(through(answer.body), lengthOf(answer)));
  const share = budget.open();
  try {
    return await use(await collect(through(inRoom(answer.body, share)), lengthOf(answer)));
  } finally {
    answer.discard();
    share.release();
  }
}

async function* inRoom(
  body: AsyncIterable<Buffer>,
  share: BudgetShare,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of body) {
    if (!(await share.take(chunk.length, ROOM_MS))) throw noRoom();
    yield chunk;
  }
}

/** For a transfer that waited for room in vain. */
export function noRoom(): ZpwootError {
  const text = `Other media left no room in memory for ${ROOM_MS / 1_000} s (media.maxTotalBytes)`;
  return new ZpwootError("TIMEOUT", text);
}

/** The bytes of the body, if the other side says so; Node holds it to that. */
function lengthOf({ headers }: IncomingAnswer): number | undefined {
  const length = Number(headers["content-length"] ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Into one buffer where the length is known, which takes memory as it is filled: pieces that are joined at the end are there twice. */
async function collect(body: AsyncIterable<Buffer>, length: number | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let whole: Buffer | undefined;
  let filled = 0;
  for await (const chunk of body) {
    if (length === undefined) chunks.push(chunk);
    // After the first piece: only then the length is known to be allowed.
    else filled += chunk.copy((whole ??= Buffer.allocUnsafeSlow(length)), filled);
  }
  return whole?.subarray(0, filled) ?? Buffer.concat(chunks);
}
