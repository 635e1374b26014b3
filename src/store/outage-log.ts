/**
 * Follows whether a store answers, and whether it takes writes. Log lines for one that stops and begins again: one of each per outage,
 * whatever the number of calls.
 */
import type { Logger } from "../api/logger.js";
import { reasonOf } from "./drivers/driver.js";
import { type WriteRefusal, writeRefusal } from "./drivers/refused-writes.js";

const READ_ONLY = "The store takes no writes: make it writable where it is";

/** What a store writes to. */
export type StoreLogger = Pick<Logger, "info" | "warn">;

/** A write, as far as it is looked at. */
interface Sized {
  /** In characters. */
  readonly size: number;
}

/** Writes that the store took none of. */
interface Refusal {
  readonly kind: WriteRefusal;
  readonly error: unknown;
  /** By `performance.now()`. */
  readonly since: number;
  readonly lastAt: number;
  /** Characters of the largest one. */
  readonly size: number;
}

/** What waits is tried every two seconds: a store that has refused nothing for so long has room for all that it is asked to take. */
const REFUSED_MS = 5_000;

/** Follows whether a store answers. Costs a successful call one comparison. */
export class OutageLog {
  readonly #store: string;
  readonly #logger: StoreLogger | undefined;
  #downSince: number | undefined;
  #refusal: Refusal | undefined;
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

  /** Why the store took no write at the last try: reads succeed meanwhile. */
  get refusal(): { readonly kind: WriteRefusal; readonly error: unknown } | undefined {
    return this.#refusal;
  }

  /** Those writes succeeded. */
  written(writes: readonly Sized[]): void {
    this.answered();
    const refusal = this.#refusal;
    if (refusal === undefined) return;
    const size = sizeOf(writes);
    // lmdb uses pages again: there is room for the small writes of an owner when there is none for keys.
    const isSmaller = refusal.kind === "full" && size < refusal.size;
    if (isSmaller && this.#answeredAt - refusal.lastAt < REFUSED_MS) return;
    this.#refusal = undefined;
    const ms = Math.round(this.#answeredAt - refusal.since);
    const { fields, line } =
      refusal.kind === "full"
        ? { fields: { fullMs: ms }, line: "The store has room again" }
        : { fields: { readOnlyMs: ms }, line: "The store takes writes again" };
    this.#logger?.info({ store: this.#store, ...fields }, line);
  }

  /** A try that started at that time (of `performance.now()`) failed. One that started before the last answer is old news. */
  failed(error: unknown, startedAt: number, writes: readonly Sized[] = []): void {
    const kind = writeRefusal(error);
    if (kind !== undefined) this.#refused(kind, error, sizeOf(writes));
    else if (startedAt >= this.#answeredAt) this.#down("The store does not answer", error);
  }

  #refused(kind: WriteRefusal, error: unknown, size: number): void {
    const now = performance.now();
    const before = this.#refusal?.kind === kind ? this.#refusal : undefined;
    const largest = Math.max(size, before?.size ?? 0);
    this.#refusal = { kind, error, since: before?.since ?? now, lastAt: now, size: largest };
    if (before !== undefined) return;
    const fields = { store: this.#store, error: reasonOf(error) };
    const line = kind === "full" ? "The store is full: make room where it is" : READ_ONLY;
    this.#logger?.warn(fields, line);
  }

  #down(message: string, error: unknown): void {
    if (this.#downSince !== undefined) return;
    this.#downSince = performance.now();
    this.#logger?.warn({ store: this.#store, error: reasonOf(error) }, message);
  }
}

function sizeOf(writes: readonly Sized[]): number {
  return writes.reduce((sum, { size }) => sum + size, 0);
}
