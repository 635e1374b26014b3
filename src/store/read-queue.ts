/**
 * Reads that share calls to the adapter. Five hundred sessions that load at the same moment need a few statements, instead of a
 * thousand that wait for a handful of connections until they time out.
 */
import { setImmediate } from "node:timers";

/** Reads the texts of those keys that exist. */
export type ReadTexts = (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** One caller of `read`. */
interface Reader {
  readonly keys: readonly string[];
  resolve(texts: ReadonlyMap<string, string>): void;
  reject(error: unknown): void;
}

/** Keys of one shared call, at most. A single reader may ask for more. */
const MAX_KEYS = 1_000;

/** Calls under way at once. */
const IN_FLIGHT = 4;

/** Merges reads of the same turn of the event loop, and those that arrive while all calls are in use. */
export class ReadQueue {
  readonly #readTexts: ReadTexts;
  #waiting: Reader[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(readTexts: ReadTexts) {
    this.#readTexts = readTexts;
  }

  /** Settles as the call does that includes these keys. The result may contain other keys as well. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#inFlight < IN_FLIGHT) void this.#call(this.#take());
    });
  }

  #take(): readonly Reader[] {
    let keys = 0;
    const end = this.#waiting.findIndex((reader, index) => {
      keys += reader.keys.length;
      return index > 0 && keys > MAX_KEYS;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  /** Never rejects: a failure rejects the readers. */
  async #call(readers: readonly Reader[]): Promise<void> {
    this.#inFlight += 1;
    try {
      const texts = await this.#readTexts([...new Set(readers.flatMap(({ keys }) => keys))]);
      for (const reader of readers) reader.resolve(texts);
    } catch (error) {
      for (const reader of readers) reader.reject(error);
    } finally {
      this.#inFlight -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
