/** The {@link Store} over a driver: three-valued reads, ordered writes, open and close. */
import { setMaxListeners } from "node:events";
import { once } from "../async/once.js";
import { retrying, type RetryPolicy, waitFor, withDeadline } from "../async/deadline.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import type { RecordCodec } from "./codec.js";
import { compareAndSet, type CompareAndSetStore } from "./compare-and-set.js";
import { type Change, type Driver, reasonOf } from "./drivers/driver.js";
import { isConfigurationError } from "./drivers/configuration-errors.js";
import { failedWrite } from "./drivers/refused-writes.js";
import type { Fence } from "./fence.js";
import { KEYS_PREFIX, SENTINEL_KEY } from "./keys.js";
import type { KeyvStoreOptions } from "./keyv-store-options.js";
import type { StoreLimits } from "./limits.js";
import { CANNOT_FENCE, LOST, READS_PLAIN, SENTINEL_REPAIRED } from "./log-lines.js";
import { OutageLog, type StoreLogger } from "./outage-log.js";
import { ReadQueue } from "./read-queue.js";
import { RecordTexts } from "./record-texts.js";
import { ensureSentinel, provenTexts } from "./sentinel.js";
import {
  type ChangeOptions,
  type Decide,
  readable,
  type RefusedWrites,
  type Store,
  type StoredValue,
  type Turn,
  type WriteOptions,
} from "./store.js";
import { WriteQueue } from "./write-queue.js";

/** Tries of a read: about half a second when connections are refused, enough to survive a short interruption. */
const READ_TRIES = 4;

/** How long a driver may take to release what it owns when all that uses it has ended, in milliseconds. */
const RELEASE_MS = 300;

/** A store over any driver. Made by `openStore`. */
export class KeyvStore implements Store {
  readonly description: string;
  readonly fences: boolean;
  readonly encrypts: boolean;
  readonly #driver: Driver;
  readonly #codec: RecordCodec;
  readonly #records: RecordTexts;
  readonly #limits: StoreLimits;
  readonly #logger: StoreLogger | undefined;
  readonly #outages: OutageLog;
  readonly #writes: WriteQueue;
  readonly #reads = new ReadQueue((keys) => this.#readTexts(keys));
  readonly #opened = once(() => this.#open());
  readonly #closed = once(() => this.#close(), { again: "never" });
  /** Ends what is tried again and again, once it was waited for. */
  readonly #ending = new AbortController();
  readonly #acceptsPlain: boolean;
  #begun = false;
  #closing = false;
  #closeMs: number;

  constructor({ driver, codec, limits, logger, acceptsPlain = false }: KeyvStoreOptions) {
    this.description = driver.description;
    this.fences = driver.fences;
    this.encrypts = codec.encrypts;
    this.#acceptsPlain = acceptsPlain;
    this.#driver = driver;
    this.#codec = codec;
    this.#records = new RecordTexts(driver.description, codec);
    this.#limits = limits;
    this.#logger = logger;
    this.#outages = new OutageLog(driver.description, logger);
    const { callTimeoutMs: callMs, writeTimeoutMs: totalMs, fullTimeoutMs: fullMs } = limits;
    const maxWaiting = limits.maxWaitingChars;
    const { signal } = this.#ending;
    // One listener per call.
    setMaxListeners(0, signal);
    this.#writes = new WriteQueue(driver, { callMs, totalMs, fullMs, maxWaiting, signal }, this.#outages);
    this.#closeMs = limits.closeTimeoutMs;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get refusal(): RefusedWrites | undefined {
    const { refusal } = this.#outages;
    return refusal && { ...refusal, error: this.#unavailable(failedWrite(refusal.error), refusal.error) };
  }

  open(): Promise<void> {
    return this.#opened();
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    return readable(await this.readEach(keys));
  }

  async readEach(keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>> {
    await this.#opened();
    this.#refuseWhenClosed();
    return this.#records.opened(keys, await this.#texts(keys));
  }

  async write(
    scope: string | Turn,
    entries: ReadonlyMap<string, unknown>,
    options?: WriteOptions,
  ): Promise<void> {
    // A turn that was granted before the close may end.
    if (typeof scope === "string") this.#refuseWhenClosed();
    // Before the first await: the caller goes on changing its objects.
    const changes = this.#records.sealed(entries);
    await this.#opened();
    if (changes.size > 0) await this.#writes.write(scope, changes, options);
  }

  async inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    await this.#opened();
    return this.#writes.inTurn(scope, work);
  }

  change(
    scope: string | Turn,
    keys: readonly string[],
    decide: Decide<unknown>,
    options?: ChangeOptions,
  ): Promise<readonly Change[]> {
    return this.changeEach(scope, keys, (stored) => decide(readable(stored)), options);
  }

  async changeEach(
    scope: string | Turn,
    keys: readonly string[],
    decide: Decide<StoredValue>,
    { fenced = false }: ChangeOptions = {},
  ): Promise<readonly Change[]> {
    if (typeof scope === "string")
      return this.inTurn(scope, (turn) => this.changeEach(turn, keys, decide, { fenced }));
    const parts: CompareAndSetStore = {
      description: this.description,
      records: this.#records,
      texts: (asked) => this.#texts(asked),
      writeIf: (changes, conditions) => this.#writes.writeIf(scope, changes, { conditions, fenced }),
    };
    return compareAndSet(parts, keys, decide);
  }

  setFence(fence: Fence | undefined): void {
    this.#writes.setFence(fence);
  }

  async noneLate(): Promise<void> {
    this.#refuseWhenClosed();
    await this.#writes.noneLate();
  }

  keys(): AsyncIterable<readonly string[]> | undefined {
    return this.#driver.keys(KEYS_PREFIX);
  }

  async now(): Promise<number> {
    await this.#opened();
    this.#refuseWhenClosed();
    return this.#retried("did not tell its time", () => this.#driver.now());
  }

  close(timeoutMs = this.#limits.closeTimeoutMs): Promise<void> {
    if (!this.#closing) this.#closeMs = timeoutMs;
    this.#closing = true;
    return this.#closed();
  }

  async #open(): Promise<void> {
    this.#refuseWhenClosed();
    const { callTimeoutMs } = this.#limits;
    try {
      await withDeadline(`The store ${this.description}`, callTimeoutMs, () => this.#driver.open());
      const options = { callMs: callTimeoutMs, acceptsPlain: this.#acceptsPlain };
      const { begun, repaired, readsPlain } = await ensureSentinel(this.#driver, this.#codec, options);
      this.#begun = begun;
      if (repaired) this.#logger?.warn({ store: this.description }, SENTINEL_REPAIRED);
      if (readsPlain && !this.#acceptsPlain) this.#logger?.warn({ store: this.description }, READS_PLAIN);
    } catch (error) {
      this.#outages.openFailed(error);
      throw this.#unavailable(`can't be opened: ${reasonOf(error)}`, error, isConfigurationError(error));
    }
    this.#outages.opened();
    if (!this.fences) this.#logger?.warn({ store: this.description }, CANNOT_FENCE);
  }

  /** The texts that exist. The sentinel, read in the same call, proves that the others don't. */
  async #readTexts(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keys.length === 0) return new Map();
    const asked = [SENTINEL_KEY, ...new Set(keys)];
    return this.#retried("did not answer a read", async () =>
      provenTexts(this.#codec, asked, await this.#driver.getMany(asked)),
    );
  }

  async #retried<T>(failure: string, call: () => Promise<T>): Promise<T> {
    try {
      const result = await retrying("The store", this.#readPolicy(), call);
      this.#outages.answered();
      return result;
    } catch (error) {
      throw this.#unavailable(`${failure}: ${reasonOf(error)}`, error);
    }
  }

  #texts(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#driver.batching.coalesce ? this.#reads.read(keys) : this.#readTexts(keys);
  }

  #readPolicy(): RetryPolicy {
    const { callTimeoutMs: callMs, readTimeoutMs: totalMs } = this.#limits;
    return {
      totalMs,
      callMs,
      tries: READ_TRIES,
      signal: this.#ending.signal,
      isPermanent: () => false,
      onFailedTry: (error, startedAt) => this.#outages.failed(error, startedAt),
    };
  }

  async #close(): Promise<void> {
    await this.#opened.settled();
    const drained = await waitFor(this.#writes.drained(), { timeoutMs: this.#closeMs });
    if (drained.by !== "value") this.#logger?.warn({ store: this.description }, LOST);
    this.#ending.abort(this.#unavailable("was closed: nothing more is tried", undefined));
    // After a failed opening, too: what it connected before it failed is the driver's to release.
    await withDeadline("The store", RELEASE_MS, () => this.#driver.close());
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new ZpwootError("STOPPED", `The store ${this.description} was closed`);
  }

  #unavailable(what: string, cause: unknown, permanent = false): ZpwootError {
    if (isZpwootError(cause)) return cause;
    const message = `The store ${this.description} ${what}`;
    return new ZpwootError("STORE_UNAVAILABLE", message, { cause, permanent });
  }
}
