/** Opens the media of a message for reading piece by piece: a small file is checked as a whole before, a large one while it is read. */
import type { OpenedMedia } from "../../api/media.js";
import type { BudgetShare } from "../../async/byte-budget.js";
import type { IncomingAnswer } from "../../egress/http-request.js";
import { noRoom, ROOM_MS } from "../../egress/media-body.js";
import type { MediaLimits } from "../../egress/media-limits.js";
import type { StoredMedia } from "./content.js";
import { decrypted, storedSize, WrongMediaError } from "./decrypt.js";

/** Up to so many bytes are held and checked before the first is given away. */
const WHOLE_BYTES = 1024 * 1024;

type Opened = Pick<OpenedMedia, "bytes" | "body" | "discard">;

/**
 * Starts to read. Settles when the file is whole, or larger than is held in memory. Rejects, and the body throws, with what went wrong in its
 * own form: `WrongMediaError`, and as the body of the answer.
 */
export async function openStored(
  answer: IncomingAnswer,
  media: StoredMedia,
  { budget }: MediaLimits,
): Promise<Opened> {
  const share = budget?.open();
  const discard = (): void => {
    answer.discard();
    share?.release();
  };
  try {
    const pieces = lastOneHeld(decrypted(answer.body, media));
    const held: Buffer[] = [];
    let bytes = 0;
    while (bytes <= WHOLE_BYTES) {
      const piece = await pieces.next();
      if (piece.done === true) return { bytes, body: wholeBody(held, discard), discard };
      held.push(piece.value);
      bytes += piece.value.length;
      await makeRoom(share, piece.value.length);
    }
    const announced = announcedSize(answer, media);
    return { bytes: announced ?? null, body: restOf(held, pieces, { announced, discard }), discard };
  } catch (error) {
    discard();
    throw error;
  }
}

async function makeRoom(share: BudgetShare | undefined, bytes: number): Promise<void> {
  if (share !== undefined && !(await share.take(bytes, ROOM_MS))) throw noRoom();
}

/**
 * One piece behind: the last one is given away when what comes after all pieces, the checks, has passed. Who is promised a size then never
 * gets all of a wrong file.
 */
async function* lastOneHeld(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let last: Buffer | undefined;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    if (last !== undefined) yield last;
    last = piece;
  }
  if (last !== undefined) yield last;
}

async function* wholeBody(
  held: readonly Buffer[],
  discard: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* held;
  } finally {
    discard();
  }
}

async function* restOf(
  held: readonly Buffer[],
  pieces: AsyncGenerator<Buffer, void, undefined>,
  { announced, discard }: { readonly announced: number | undefined; readonly discard: () => void },
): AsyncGenerator<Buffer, void, undefined> {
  let left = announced ?? Infinity;
  try {
    for await (const piece of concatenated(held, pieces)) {
      left -= piece.length;
      if (left < 0) throw new WrongMediaError();
      yield piece;
    }
    if (announced !== undefined && left !== 0) throw new WrongMediaError();
  } finally {
    discard();
  }
}

async function* concatenated(
  held: readonly Buffer[],
  pieces: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* held;
  yield* pieces;
}

/** The size that the sender names, where what is stored is just as large as that makes it. */
function announcedSize({ headers }: IncomingAnswer, { bytes }: StoredMedia): number | undefined {
  return bytes !== undefined && Number(headers["content-length"]) === storedSize(bytes) ? bytes : undefined;
}
