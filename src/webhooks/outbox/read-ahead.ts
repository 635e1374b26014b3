/** The next few deliveries of a queue, held in memory so that a queue in motion is not read back from the store. */
import type { QueuedDelivery } from "./batch.js";
import { sizeOf } from "./records.js";

/** A receiver that hangs holds this much of each session in memory, however long its queue grows. */
const MAX_BYTES = 64 * 1024;
const MAX_COUNT = 32;

/** Deliveries that follow each other without a gap, bounded in number and bytes; the first always has a place. */
export class DeliveryWindow {
  readonly #deliveries: QueuedDelivery[] = [];
  #bytes = 0;

  /** The first delivery. */
  get first(): QueuedDelivery | undefined {
    return this.#deliveries[0];
  }

  /** How many there are. */
  get length(): number {
    return this.#deliveries.length;
  }

  /** Takes in the next delivery; false when there is no room or it does not follow the last one. */
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

  /** How many records to read at once, when each has about the given size. */
  static fitting(averageBytes: number): number {
    return Math.max(1, Math.min(MAX_COUNT, Math.floor(MAX_BYTES / Math.max(1, averageBytes))));
  }
}
