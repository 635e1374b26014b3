/** The driver of this package's own adapters: they apply a batch of writes and deletions atomically. */
import type { Keyv } from "keyv";
import { DeadlineError } from "../../async/deadline.js";
import { once } from "../../async/once.js";
import { type Batching, type Change, ConditionFailed, type Driver } from "./driver.js";
import { createTextKeyv, type KeyvPlace, ROOT_PLACE, storedForm, wrapText } from "./keyv-texts.js";

/** A Keyv adapter with one more method than Keyv needs: a batch of writes and deletions, all or nothing. */
export interface AtomicAdapter {
  getMany(keys: string[]): Promise<(string | undefined)[]>;
  /**
   * Applies all changes (stored texts; null deletes) or none; settles when they are durable. Rejects with `ConditionFailed` when a
   * key has not the stored text of its condition (null: is not absent) in that moment.
   */
  applyBatch(changes: readonly Change[], conditions?: readonly Change[]): Promise<void>;
  /** Whether an error is caused by the batch itself. */
  isPermanent?(error: unknown): boolean;
  /** Whether a batch that failed with this error can't arrive any more. Default: it can't. */
  isOver?(error: unknown): boolean;
  /** All keys that begin with the prefix, in pages. A key may come twice. */
  keys(prefix: string): AsyncIterable<readonly string[]>;
  /** The time by the clock of the server, in milliseconds since 1970. Default: of this machine. */
  now?(): Promise<number>;
  disconnect?(): Promise<void>;
}

/** How to make an {@link AtomicDriver}. */
export interface AtomicDriverOptions {
  readonly description: string;
  readonly batching: Batching;
  /** Loads the adapter and connects it. Called again after it rejected. */
  readonly connect: () => Promise<AtomicAdapter>;
  readonly place?: KeyvPlace;
  /** Errors that belong to no call. */
  readonly onError: (error: unknown) => void;
}

/** Reads through Keyv; writes through the adapter's atomic batch, for which Keyv has no call. */
export class AtomicDriver implements Driver {
  readonly description: string;
  readonly batching: Batching;
  readonly fences = true;
  readonly #options: AtomicDriverOptions;
  readonly #prefix: string;
  #adapter: AtomicAdapter | undefined;
  #keyv: Keyv<string> | undefined;
  /** Shared between calls that overlap: a second adapter beside a slow first one would never be closed. */
  readonly #opening = once(() => this.#open(), { again: "settled" });

  constructor(options: AtomicDriverOptions) {
    this.description = options.description;
    this.batching = options.batching;
    this.#options = options;
    this.#prefix = options.place?.prefix ?? "";
  }

  open(): Promise<void> {
    return this.#opening();
  }

  async getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    return this.#opened(this.#keyv).getMany(keys.map((key) => this.#prefix + key));
  }

  async apply(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
    const adapter = this.#opened(this.#adapter);
    const stored = this.#stored(changes);
    await (conditions.length === 0
      ? adapter.applyBatch(stored)
      : adapter.applyBatch(stored, this.#asRead(conditions)));
  }

  isPermanent(error: unknown): boolean {
    return error instanceof ConditionFailed || (this.#adapter?.isPermanent?.(error) ?? false);
  }

  isOver(error: unknown): boolean {
    if (error instanceof ConditionFailed) return true;
    return !(error instanceof DeadlineError) && (this.#adapter?.isOver?.(error) ?? true);
  }

  async now(): Promise<number> {
    const adapter = this.#opened(this.#adapter);
    return adapter.now === undefined ? Date.now() : adapter.now();
  }

  async *keys(prefix: string): AsyncGenerator<readonly string[]> {
    for await (const page of this.#opened(this.#adapter).keys(this.#prefix + prefix))
      yield page.map((key) => key.slice(this.#prefix.length));
  }

  async close(): Promise<void> {
    await this.#opening.settled();
    const adapter = this.#adapter;
    this.#adapter = undefined;
    this.#keyv = undefined;
    await adapter?.disconnect?.();
  }

  async #open(): Promise<void> {
    if (this.#adapter !== undefined) return;
    const adapter = await this.#options.connect();
    this.#keyv = createTextKeyv(adapter, this.#options.place ?? ROOT_PLACE, this.#options.onError);
    this.#adapter = adapter;
  }

  #stored(changes: readonly Change[]): readonly Change[] {
    return changes.map(({ key, text }) => ({
      key: this.#prefix + key,
      text: text === null ? null : wrapText(text),
    }));
  }

  #asRead(conditions: readonly Change[]): readonly Change[] {
    return conditions.map(({ key, text }) => ({
      key: this.#prefix + key,
      text: text === null ? null : storedForm(text),
    }));
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error("The store is not open");
    return part;
  }
}
