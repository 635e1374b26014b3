/** Log lines for a store that stops answering and answers again: one of each per outage, whatever the number of calls. */
import type { Logger } from "../api/logger.js";
import { reasonOf } from "./drivers/driver.js";
import { isFull } from "./drivers/full-store.js";

/** What a store writes to. */
export type StoreLogger = Pick<Logger, "info" | "warn">;

/** Follows whether a store answers. Costs a successful call one comparison. */
export class OutageLog {
  readonly #store: string;
  readonly #logger: StoreLogger | undefined;
  #downSince: number | undefined;
  #fullSince: number | undefined;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(store: string, logger: StoreLogger | undefined) {
    this.#store = store;
    this.#logger = logger;
  }

  /** The store is ready for use. */
  opened(): void {
    this.#downSince = undefined;
    this.#answeredAt = performance.now();
    this.#logger?.info({ store: this.#store }, "The store is open");
  }

  /** The store could not be opened. */
  openFailed(error: unknown): void {
    this.#down("The store can't be opened", error);
  }

  /** A call succeeded. */
  answered(): void {
    this.#answeredAt = performance.now();
    if (this.#downSince === undefined) return;
    const downMs = Math.round(this.#answeredAt - this.#downSince);
    this.#downSince = undefined;
    this.#logger?.info({ store: this.#store, downMs }, "The store answers again");
  }

  /** A write succeeded: reads do so also while the store is full. */
  written(): void {
    this.answered();
    if (this.#fullSince === undefined) return;
    const fullMs = Math.round(this.#answeredAt - this.#fullSince);
    this.#fullSince = undefined;
    this.#logger?.info({ store: this.#store, fullMs }, "The store has room again");
  }

  /** A try that started at that time (of `performance.now()`) failed. One that started before the last answer is old news. */
  failed(error: unknown, startedAt: number): void {
    if (isFull(error)) this.#full(error);
    else if (startedAt >= this.#answeredAt) this.#down("The store does not answer", error);
  }

  #full(error: unknown): void {
    if (this.#fullSince !== undefined) return;
    this.#fullSince = performance.now();
    const fields = { store: this.#store, error: reasonOf(error) };
    this.#logger?.warn(fields, "The store is full: make room where it is");
  }

  #down(message: string, error: unknown): void {
    if (this.#downSince !== undefined) return;
    this.#downSince = performance.now();
    this.#logger?.warn({ store: this.#store, error: reasonOf(error) }, message);
  }
}
