/** Streams that begin later than they are made. */
import { forwardAbort } from "../../async/forward-abort.js";

/** Items, when something has settled. */
export async function* afterwards<T>(
  ready: Promise<void>,
  items: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  await ready;
  yield* items;
}

/** What is read of a source that is opened when it is read. */
export async function* opened<T, U>(
  open: () => Promise<T>,
  read: (source: T) => AsyncIterable<U>,
): AsyncGenerator<U, void, undefined> {
  yield* read(await open());
}

/** A stream that is opened when it is read; its end, which may come while nothing happens, ends what it reads. */
export function lazily(
  open: (ended: AbortSignal) => AsyncGenerator<Uint8Array, void, undefined>,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const ended = new AbortController();
      forwardAbort(signal, ended);
      const stream = open(ended.signal);
      const end = async (): Promise<IteratorResult<Uint8Array, void>> => {
        ended.abort();
        return { done: true, value: undefined };
      };
      return {
        next: async () => {
          const result = await stream.next();
          if (result.done === true) ended.abort();
          return result;
        },
        return: end,
      };
    },
  };
}
