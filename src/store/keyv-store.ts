/** The {@link Store} over a driver: three-valued reads, the write path, and the life of both. */
import { isZpwootError, ZpwootError } from "../errors.js";
import type { Store, StoredValue } from "./store.js";
import { decode, encode } from "./codec.js";
import { retrying, withDeadline } from "../async/deadline.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import { SENTINEL_KEY } from "./keys.js";
import type { RecordCodec } from "./record-codec.js";
import { ensureSentinel, isSentinel } from "./sentinel.js";
import { ReadQueue } from "./read-queue.js";
import { WriteQueue } from "./write-queue.js";

/** Times and sizes of a store. */
export interface StoreLimits {
  /** Longest wait of one call to the adapter, in milliseconds. */
  readonly callTimeoutMs: number;
  /** How long a read is tried before it rejects, in milliseconds. */
  readonly readTimeoutMs: number;
  /** How long a write is tried before it rejects, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** How long `close` waits for pending writes, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Characters that may wait to be written; beyond it writes are refused. */
  readonly maxWaitingChars: number;
}

/** The limits of a store unless told otherwise. */
export const DEFAULT_STORE_LIMITS = {
  callTimeoutMs: 5_000,
  readTimeoutMs: 5_000,
  writeTimeoutMs: 30_000,
  closeTimeoutMs: 10_000,
  maxWaitingChars: 64_000_000,
} as const satisfies StoreLimits;

/** A refused connection is told apart from a hiccup by so many tries, in about half a second. */
const READ_TRIES = 4;

/** A store over any driver. Made by `openStore`. */
export class KeyvStore implements Store {
  readonly description: string;
  readonly #driver: Driver;
  readonly #codec: RecordCodec;
  readonly #limits: StoreLimits;
  readonly #queue: WriteQueue;
  readonly #reads = new ReadQueue((keys) => this.#readTexts(keys));
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(driver: Driver, codec: RecordCodec, limits: StoreLimits) {
    this.description = driver.description;
    this.#driver = driver;
    this.#codec = codec;
    this.#limits = limits;
    const { callTimeoutMs: callMs, writeTimeoutMs: totalMs, maxWaitingChars: maxWaiting } = limits;
    this.#queue = new WriteQueue(driver, { callMs, totalMs, maxWaiting });
  }

  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const stored = await this.readEach(keys);
    const values = new Map<string, unknown>();
    for (const [key, found] of stored) {
      if (found.corrupt !== undefined) throw found.corrupt;
      values.set(key, found.value);
    }
    return values;
  }

  async readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>> {
    await this.open();
    this.#refuseWhenClosed();
    const texts = await (this.#driver.batching.coalesce ? this.#reads.read(keys) : this.#readTexts(keys));
    const found = new Map<string, StoredValue>();
    for (const key of keys) {
      const text = texts.get(key);
      if (text !== undefined) found.set(key, this.#decode(key, text));
    }
    return found;
  }

  async write(scope: string, entries: ReadonlyMap<string, unknown>): Promise<void> {
    this.#refuseWhenClosed();
    // Before the first await: the caller goes on changing its objects.
    const changes = new Map(
      [...entries].map(
        ([key, value]) => [key, value === null ? null : this.#codec.seal(key, encode(value))] as const,
      ),
    );
    await this.open();
    if (changes.size > 0) await this.#queue.write(scope, changes);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    this.#refuseWhenClosed();
    try {
      await withDeadline(`The store ${this.description}`, this.#limits.callTimeoutMs, () =>
        this.#driver.open(),
      );
      await ensureSentinel(this.#driver, this.#codec, this.#limits.callTimeoutMs);
    } catch (error) {
      if (isZpwootError(error)) throw error;
      throw new ZpwootError(
        "STORE_UNAVAILABLE",
        `The store ${this.description} can't be opened: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** The texts that exist. The sentinel, read in the same call, proves that the others don't. */
  async #readTexts(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const asked = [SENTINEL_KEY, ...new Set(keys)];
    try {
      return await retrying("The store", this.#readPolicy(), async () =>
        this.#proved(asked, await this.#driver.getMany(asked)),
      );
    } catch (error) {
      if (isZpwootError(error)) throw error;
      throw new ZpwootError(
        "STORE_UNAVAILABLE",
        `The store ${this.description} did not answer a read: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  #proved(asked: readonly string[], texts: readonly (string | undefined)[]): ReadonlyMap<string, string> {
    if (texts.length !== asked.length || !isSentinel(this.#codec, texts[0])) {
      throw new Error("its sentinel record is missing, so nothing can be said about the others");
    }
    const found = new Map<string, string>();
    for (const [index, key] of asked.entries()) {
      const text = texts[index];
      if (index > 0 && text !== undefined) found.set(key, text);
    }
    return found;
  }

  #readPolicy(): Parameters<typeof retrying>[1] {
    const { callTimeoutMs: callMs, readTimeoutMs: totalMs } = this.#limits;
    return { totalMs, callMs, tries: READ_TRIES, isPermanent: () => false };
  }

  #decode(key: string, text: string): StoredValue {
    try {
      return { value: decode(this.#codec.open(key, text)) };
    } catch (error) {
      if (isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
      // The cause stays behind: a JSON error quotes the text, and the text may be a credential.
      const corrupt = new ZpwootError(
        "STORE_CORRUPT",
        `The store ${this.description} holds a record that can't be read`,
      );
      return { corrupt };
    }
  }

  async #close(): Promise<void> {
    const opened = this.#opening;
    if (opened === undefined) return;
    await opened.catch(() => undefined);
    try {
      await withDeadline("The store", this.#limits.closeTimeoutMs, () => this.#queue.drained());
    } catch {
      // The writers hear of their own failures; closing must end.
    }
    await withDeadline("The store", this.#limits.closeTimeoutMs, () => this.#driver.close());
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== undefined)
      throw new ZpwootError("STOPPED", `The store ${this.description} was closed`);
  }
}
