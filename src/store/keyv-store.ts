/** The {@link Store} over a driver: three-valued reads, ordered writes, open and close. */
import { once } from "../async/once.js";
import { retrying, type RetryPolicy, withDeadline } from "../async/deadline.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { decode, encode, type RecordCodec } from "./codec.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import { isConfigurationError } from "./drivers/configuration-errors.js";
import { SENTINEL_KEY } from "./keys.js";
import { OutageLog, type StoreLogger } from "./outage-log.js";
import { ReadQueue } from "./read-queue.js";
import { ensureSentinel, isSentinel } from "./sentinel.js";
import type { Store, StoredValue, Turn } from "./store.js";
import { WriteQueue } from "./write-queue.js";

/** Times and sizes of a store. */
export interface StoreLimits {
  /** Longest wait for one call to the adapter, in milliseconds. */
  readonly callTimeoutMs: number;
  /** How long a read is tried before it rejects, in milliseconds. */
  readonly readTimeoutMs: number;
  /** How long a write is tried before it rejects, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** How long `close` waits for pending writes, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Characters that may wait to be written; further writes are refused. */
  readonly maxWaitingChars: number;
}

/** The default limits of a store. */
export const DEFAULT_STORE_LIMITS = {
  callTimeoutMs: 5_000,
  readTimeoutMs: 5_000,
  writeTimeoutMs: 30_000,
  closeTimeoutMs: 10_000,
  maxWaitingChars: 64_000_000,
} as const satisfies StoreLimits;

/** Tries of a read: about half a second when connections are refused, enough to survive a short interruption. */
const READ_TRIES = 4;

/** What a {@link KeyvStore} is made of. */
export interface KeyvStoreOptions {
  readonly driver: Driver;
  readonly codec: RecordCodec;
  readonly limits: StoreLimits;
  readonly logger?: StoreLogger | undefined;
}

/** A store over any driver. Made by `openStore`. */
export class KeyvStore implements Store {
  readonly description: string;
  readonly #driver: Driver;
  readonly #codec: RecordCodec;
  readonly #limits: StoreLimits;
  readonly #outages: OutageLog;
  readonly #writes: WriteQueue;
  readonly #reads = new ReadQueue((keys) => this.#readTexts(keys));
  readonly #opened = once(() => this.#open());
  readonly #closed = once(() => this.#close(), { again: "never" });
  #closing = false;

  constructor({ driver, codec, limits, logger }: KeyvStoreOptions) {
    this.description = driver.description;
    this.#driver = driver;
    this.#codec = codec;
    this.#limits = limits;
    this.#outages = new OutageLog(driver.description, logger);
    const { callTimeoutMs: callMs, writeTimeoutMs: totalMs, maxWaitingChars: maxWaiting } = limits;
    this.#writes = new WriteQueue(driver, { callMs, totalMs, maxWaiting }, this.#outages);
  }

  open(): Promise<void> {
    return this.#opened();
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
    await this.#opened();
    this.#refuseWhenClosed();
    const texts = await (this.#driver.batching.coalesce ? this.#reads.read(keys) : this.#readTexts(keys));
    const found = new Map<string, StoredValue>();
    for (const key of keys) {
      const text = texts.get(key);
      if (text !== undefined) found.set(key, this.#decode(key, text));
    }
    return found;
  }

  async write(scope: string | Turn, entries: ReadonlyMap<string, unknown>): Promise<void> {
    // A turn that was granted before the close may end.
    if (typeof scope === "string") this.#refuseWhenClosed();
    // Before the first await: the caller goes on changing its objects.
    const changes = new Map(
      [...entries].map(
        ([key, value]) => [key, value === null ? null : this.#codec.seal(key, encode(value))] as const,
      ),
    );
    await this.#opened();
    if (changes.size > 0) await this.#writes.write(scope, changes);
  }

  async inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    await this.#opened();
    return this.#writes.inTurn(scope, work);
  }

  close(): Promise<void> {
    this.#closing = true;
    return this.#closed();
  }

  async #open(): Promise<void> {
    this.#refuseWhenClosed();
    const { callTimeoutMs } = this.#limits;
    try {
      await withDeadline(`The store ${this.description}`, callTimeoutMs, () => this.#driver.open());
      await ensureSentinel(this.#driver, this.#codec, callTimeoutMs);
    } catch (error) {
      this.#outages.openFailed(error);
      throw this.#unavailable("can't be opened", error, isConfigurationError(error));
    }
    this.#outages.opened();
  }

  /** The texts that exist. The sentinel, read in the same call, proves that the others don't. */
  async #readTexts(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const asked = [SENTINEL_KEY, ...new Set(keys)];
    try {
      const texts = await retrying("The store", this.#readPolicy(), async () =>
        this.#proven(asked, await this.#driver.getMany(asked)),
      );
      this.#outages.answered();
      return texts;
    } catch (error) {
      throw this.#unavailable("did not answer a read", error);
    }
  }

  #proven(asked: readonly string[], texts: readonly (string | undefined)[]): ReadonlyMap<string, string> {
    if (texts.length !== asked.length || !isSentinel(this.#codec, texts[0])) {
      throw new Error("its sentinel record is missing, so the absence of other records is not proven");
    }
    const found = new Map<string, string>();
    for (const [index, key] of asked.entries()) {
      const text = texts[index];
      if (index > 0 && text !== undefined) found.set(key, text);
    }
    return found;
  }

  #readPolicy(): RetryPolicy {
    const { callTimeoutMs: callMs, readTimeoutMs: totalMs } = this.#limits;
    return {
      totalMs,
      callMs,
      tries: READ_TRIES,
      isPermanent: () => false,
      onFailedTry: (error, startedAt) => this.#outages.failed(error, startedAt),
    };
  }

  #decode(key: string, text: string): StoredValue {
    try {
      return { value: decode(this.#codec.open(key, text)) };
    } catch (error) {
      if (isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
      // Without its cause: a JSON error quotes the text, and the text may be a credential.
      const corrupt = new ZpwootError(
        "STORE_CORRUPT",
        `The store ${this.description} holds a record that can't be read`,
      );
      return { corrupt };
    }
  }

  async #close(): Promise<void> {
    await this.#opened.settled();
    const { closeTimeoutMs } = this.#limits;
    try {
      await withDeadline("The store", closeTimeoutMs, () => this.#writes.drained());
    } catch {
      // Each writer gets the error of its own write; closing goes on.
    }
    // After a failed opening, too: what it connected before it failed is the driver's to release.
    await withDeadline("The store", closeTimeoutMs, () => this.#driver.close());
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new ZpwootError("STOPPED", `The store ${this.description} was closed`);
  }

  #unavailable(what: string, cause: unknown, permanent = false): ZpwootError {
    if (isZpwootError(cause)) return cause;
    const message = `The store ${this.description} ${what}: ${reasonOf(cause)}`;
    return new ZpwootError("STORE_UNAVAILABLE", message, { cause, permanent });
  }
}
