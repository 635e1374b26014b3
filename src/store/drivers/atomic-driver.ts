/** The driver of this package's own adapters: they apply a batch of writes and deletions atomically. */
import type { Keyv } from "keyv";
import { once } from "../../async/once.js";
import type { Batching, Change, Driver } from "./driver.js";
import { createTextKeyv, type KeyvPlace, ROOT_PLACE, wrapText } from "./keyv-texts.js";

/** A Keyv adapter with one more method than Keyv needs: a batch of writes and deletions, all or nothing. */
export interface AtomicAdapter {
  getMany(keys: string[]): Promise<(string | undefined)[]>;
  /** Applies all changes (stored texts; null deletes) or none; settles when they are durable. */
  applyBatch(changes: readonly Change[]): Promise<void>;
  /** Whether an error is caused by the batch itself. */
  isPermanent?(error: unknown): boolean;
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

  async apply(changes: readonly Change[]): Promise<void> {
    await this.#opened(this.#adapter).applyBatch(
      changes.map(({ key, text }) => ({
        key: this.#prefix + key,
        text: text === null ? null : wrapText(text),
      })),
    );
  }

  isPermanent(error: unknown): boolean {
    return this.#adapter?.isPermanent?.(error) ?? false;
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

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error("The store is not open");
    return part;
  }
}
