/** The next few deliveries of a queue, in memory, so that a queue in motion is not read back from the store. */
import type { QueuedDelivery } from "./batch.js";
import { sizeOf } from "./records.js";

/** What one endpoint may hold in memory when its receiver hangs, however long its queue grows. */
const MAX_BYTES = 64 * 1024;
const MAX_COUNT = 32;

/** Deliveries that follow each other without a gap, bounded in number and bytes; there is always room for the first. */
export class ReadAhead {
  readonly #deliveries: QueuedDelivery[] = [];
  #bytes = 0;

  /** The first delivery. */
  get first(): QueuedDelivery | undefined {
    return this.#deliveries[0];
  }

  /** The one after it. */
  get second(): QueuedDelivery | undefined {
    return this.#deliveries[1];
  }

  /** How many deliveries there are. */
  get length(): number {
    return this.#deliveries.length;
  }

  /** Adds the next delivery; false when there is no room or it does not follow the last one. */
  push(delivery: QueuedDelivery): boolean {
    const last = this.#deliveries.at(-1);
    const size = sizeOf(delivery.record);
    if (last !== undefined) {
      const full = this.#deliveries.length >= MAX_COUNT || this.#bytes + size > MAX_BYTES;
      if (full || delivery.n !== last.n + 1) return false;
    }
    this.#deliveries.push(delivery);
    this.#bytes += size;
    return true;
  }

  /** Removes the first delivery. */
  shift(): void {
    const first = this.#deliveries.shift();
    if (first !== undefined) this.#bytes -= sizeOf(first.record);
  }

  /** How many records to read at once when they have the given average size in bytes. */
  static fitting(averageBytes: number): number {
    return Math.max(1, Math.min(MAX_COUNT, Math.floor(MAX_BYTES / Math.max(1, averageBytes))));
  }
}
