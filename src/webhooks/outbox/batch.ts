/** One atomic change of an outbox: the records to write, and the state after it. */
import type { FailedRecord } from "../../api/event-stream.js";
import type { WebhookLimits } from "../options.js";
import { bodyKey, failedKey, queuedKey, sizeOf, STATE_KEY } from "./records.js";
import type { OutboxState, QueuedRecord } from "./records.js";

/** What became of the delivery at the head of the queue. */
export type Outcome =
  | {
      readonly kind: "delivered";
      readonly n: number;
      readonly bytes: number;
      /** Of one that was delivered by reference. */
      readonly referred?: Pick<QueuedRecord, "id" | "body"> | undefined;
    }
  /** Its record is missing or can't be read. */
  | { readonly kind: "unreadable"; readonly n: number }
  | {
      readonly kind: "failed";
      readonly n: number;
      readonly record: QueuedRecord;
      readonly attempts: number;
      readonly reason: string;
      readonly failedAt: number;
    };

/** A queued delivery with its place in the queue. */
export interface QueuedDelivery {
  readonly n: number;
  readonly record: QueuedRecord;
}

/** The limits that a batch enforces. */
export type OutboxLimits = Pick<
  WebhookLimits,
  "maxQueued" | "maxQueuedBytes" | "maxFailed" | "maxFailedBytes" | "maxPendingBytes"
>;

/** Changes apply in the order of the calls; nothing is stored until {@link OutboxBatch.entries} are. */
export class OutboxBatch {
  readonly #limits: OutboxLimits;
  readonly #entries = new Map<string, unknown>();
  readonly #queued: QueuedDelivery[] = [];
  readonly #referred = new Map<string, string>();
  #state: OutboxState;

  constructor(state: OutboxState, limits: OutboxLimits) {
    this.#state = state;
    this.#limits = limits;
  }

  /** The state after this batch. */
  get state(): OutboxState {
    return this.#state;
  }

  /** What this batch adds to the queue. */
  get queued(): readonly QueuedDelivery[] {
    return this.#queued;
  }

  /** Bodies of events that were delivered by reference, by event id. */
  get referred(): ReadonlyMap<string, string> {
    return this.#referred;
  }

  /** All that has to be written, the state included. */
  get entries(): ReadonlyMap<string, unknown> {
    return new Map(this.#entries).set(STATE_KEY, this.#state);
  }

  /** Adds a delivery at the end of the queue; false, without a change, when the queue is full. */
  append(record: QueuedRecord): boolean {
    const { head, tail, bytes } = this.#state;
    const size = sizeOf(record);
    const full = tail - head >= this.#limits.maxQueued || bytes + size > this.#limits.maxQueuedBytes;
    // An empty queue takes any event: one that is larger than the limit would never be delivered otherwise.
    if (full && tail > head) return false;
    this.#entries.set(queuedKey(tail), record);
    this.#queued.push({ n: tail, record });
    this.#change({ tail: tail + 1, bytes: bytes + size });
    return true;
  }

  /** Takes the delivery at the head off the queue. Call it in the order of the queue. */
  settle(outcome: Outcome): void {
    const size =
      outcome.kind === "failed" ? sizeOf(outcome.record) : outcome.kind === "delivered" ? outcome.bytes : 0;
    const bytes = Math.max(0, this.#state.bytes - size);
    const head = outcome.n + 1;
    this.#entries.set(queuedKey(outcome.n), null);
    // The size of an unreadable record is unknown; that of an empty queue is not.
    this.#change({ head, attempts: 0, bytes: head === this.#state.tail ? 0 : bytes });
    if (outcome.kind === "delivered" && outcome.referred !== undefined)
      this.#referred.set(outcome.referred.id, outcome.referred.body);
    if (outcome.kind !== "failed") return;
    const { record, attempts, reason, failedAt } = outcome;
    this.setAside(record, { attempts, reason, failedAt });
  }

  /** Keeps a delivery that is not, or no longer, in the queue as a failed one. */
  setAside(record: QueuedRecord, failure: Pick<FailedRecord, "attempts" | "reason" | "failedAt">): void {
    const { failedTail, failedBytes } = this.#state;
    const bytes = sizeOf(record);
    const failed: FailedRecord = { id: record.id, event: record.event, at: record.at, bytes, ...failure };
    this.#entries.set(failedKey(failedTail), failed).set(bodyKey(failedTail), record.body);
    this.#change({ failedTail: failedTail + 1, failedBytes: failedBytes + bytes });
  }

  /** Removes a failed delivery. At the start of the list this makes the list shorter, elsewhere it leaves a gap. */
  removeFailed(n: number, bytes: number): void {
    const { failedHead, failedTail, failedBytes } = this.#state;
    this.#entries.set(failedKey(n), null).set(bodyKey(n), null);
    const head = n === failedHead ? n + 1 : failedHead;
    this.#change({
      failedHead: head,
      failedBytes: head === failedTail ? 0 : Math.max(0, failedBytes - bytes),
    });
  }

  /** Whether more failed deliveries are kept than may be. */
  get failedOverflow(): boolean {
    const { failedHead, failedTail, failedBytes } = this.#state;
    const count = failedTail - failedHead;
    return count > this.#limits.maxFailed || (count > 1 && failedBytes > this.#limits.maxFailedBytes);
  }

  /** Stores how often the delivery at the head was tried, so that the count survives a restart. */
  setAttempts(attempts: number): void {
    this.#change({ attempts });
  }

  #change(change: Partial<OutboxState>): void {
    this.#state = { ...this.#state, ...change };
  }
}
