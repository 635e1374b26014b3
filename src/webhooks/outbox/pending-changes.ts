/** Changes of a session's outboxes that wait to be written, and the callers that wait for them. */
import { ZpwootError } from "../../errors.js";
import type { Along } from "../../store/space/key-space.js";

/** One batch holds at most about this much of what waits. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** A change and the caller that waits for it. */
export interface PendingChange {
  /** What is written in the same batch. Asked for in the turn in which it is written. */
  readonly along: Along | undefined;
  /** Makes the change in the drafts of the outboxes, or rejects without any. The returned function resolves the caller's promise. */
  apply(): Promise<() => void>;
  /** Rejects the caller's promise: nothing was stored. */
  reject(error: unknown): void;
}

/** How a change is batched. */
export interface ChangeWeight {
  /** The bytes of the events in it. */
  readonly bytes: number;
  /** Whether it must not share a batch with others. */
  readonly alone: boolean;
  /** What is written in the same batch. */
  readonly along?: Along | undefined;
}

/** A queue of {@link PendingChange}s, bounded by the bytes of their events. */
export class PendingChanges {
  readonly #maxBytes: number;
  readonly #changes: (PendingChange & ChangeWeight)[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many changes wait. */
  get length(): number {
    return this.#changes.length;
  }

  /**
   * Adds a change. Settles with its result once that is durable. Rejects as the write does, and with `STORE_UNAVAILABLE` at
   * once when too much waits already.
   */
  add<Result>({ along, ...weight }: ChangeWeight, change: () => Promise<Result>): Promise<Result> {
    if (this.#changes.length > 0 && this.#bytes + weight.bytes > this.#maxBytes) {
      const error = new ZpwootError("STORE_UNAVAILABLE", "Too many webhook events wait for the store");
      return Promise.reject(error);
    }
    this.#bytes += weight.bytes;
    return new Promise<Result>((resolve, reject) => {
      const apply = async (): Promise<() => void> => {
        const result = await change();
        return () => resolve(result);
      };
      this.#changes.push({ ...weight, along, apply, reject });
    });
  }

  /** Removes and returns what goes into the next batch, oldest first. */
  take(): readonly PendingChange[] {
    let bytes = 0;
    let count = 0;
    for (const change of this.#changes) {
      if (count > 0 && (change.alone || bytes + change.bytes > BATCH_BYTES)) break;
      bytes += change.bytes;
      count += 1;
      if (change.alone) break;
    }
    this.#bytes -= bytes;
    return this.#changes.splice(0, count);
  }
}

/** Why a closed outbox takes no change. */
export function closedError(): ZpwootError {
  return new ZpwootError("STOPPED", "The webhook outbox is closed");
}
