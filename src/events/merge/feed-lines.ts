/** A feed as text, a line an item: how it goes to another process. */
import type { FeedItem } from "../feed.js";

/** Bytes of one piece, about. */
const PIECE_BYTES = 128 * 1024;

/** The bytes of a feed. Items that are there at once go together. */
export async function* feedBytes(
  items: AsyncIterable<FeedItem>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ;) {
      const lines: string[] = [];
      let result: IteratorResult<FeedItem, unknown> | undefined = await next;
      for (let size = 0; result !== undefined && result.done !== true && size < PIECE_BYTES;) {
        lines.push(`${JSON.stringify(result.value)}\n`);
        size += lines.at(-1)?.length ?? 0;
        next = iterator.next();
        const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
        result = await Promise.race([next, turn]);
      }
      if (lines.length > 0) yield Buffer.from(lines.join(""));
      if (result?.done === true) return;
    }
  } finally {
    // Not awaited: it settles when the feed's own signal ends its wait.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** The items of a feed's bytes. Lines that this version does not know are left out. */
export async function* feedItems(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<FeedItem, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const piece of bytes) {
    rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const item = itemOf(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
      if (item !== undefined) yield item;
    }
  }
}

function itemOf(line: string): FeedItem | undefined {
  try {
    const item = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const isEvent = ["id", "event", "sessionId", "body"].every((name) => typeof item[name] === "string");
    const isKnown = isEvent || item["gap"] === true || typeof item["upTo"] === "string" || "end" in item;
    return isKnown ? (item as unknown as FeedItem) : undefined;
  } catch {
    return undefined;
  }
}
