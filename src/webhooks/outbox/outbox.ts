/** The durable queue of one session: nothing is delivered before it is stored, nothing is forgotten before it is acknowledged. */
import { ZpwootError } from "../../errors.js";
import { DeliveryWindow } from "./read-ahead.js";
import { dropOverflow, listFailed, requeueFailed } from "./failed-deliveries.js";
import type { OutboxListener } from "./listener.js";
import { OutboxBatch } from "./batch.js";
import type { Outcome, OutboxLimits, QueuedDelivery } from "./batch.js";
import { parseQueued, queuedKey, readState, sizeOf } from "./records.js";
import type { OutboxState, QueuedRecord } from "./records.js";
import type { KeySpace } from "../../store/space/key-space.js";
import type { FailedRecord } from "../../api/event-stream.js";
import { PendingChanges } from "./pending-changes.js";
import type { ChangeWeight } from "./pending-changes.js";
import { range, readTolerant } from "./tolerant-read.js";
import { wipeOutbox } from "./wipe.js";

/** The waits before a write that failed is tried again, with nothing new to write. */
const REWRITE_MS = [1_000, 5_000, 30_000] as const;

/** See the head of this file. All writes go through one loop, one batch at a time; what arrives meanwhile shares the next. */
export class Outbox {
  readonly #space: KeySpace;
  readonly #limits: OutboxLimits;
  readonly #listener: OutboxListener;
  readonly #pending: PendingChanges;
  readonly #window = new DeliveryWindow();
  #state: OutboxState | undefined;
  #loading: Promise<OutboxState> | undefined;
  /** The next delivery to attempt: ahead of the stored head by the outcomes that are not stored yet. */
  #cursor = 0;
  #attempts = 0;
  #outcomes: Outcome[] = [];
  #attemptsChanged = false;
  #writing: Promise<void> | undefined;
  #rewriteTimer: NodeJS.Timeout | undefined;
  #failedWrites = 0;
  #closed = false;
  #commitWaiters: (() => void)[] = [];

  constructor(space: KeySpace, limits: OutboxLimits, listener: OutboxListener) {
    this.#space = space;
    this.#limits = limits;
    this.#listener = listener;
    this.#pending = new PendingChanges(limits.maxPendingBytes);
  }

  /** Deliveries stored and not settled. */
  get length(): number {
    return this.#state === undefined ? 0 : this.#state.tail - this.#cursor;
  }

  /** Bytes of the queue, as last stored. */
  get bytes(): number {
    return this.#state?.bytes ?? 0;
  }

  /** Failed deliveries kept, at most. */
  get failedCount(): number {
    return this.#state === undefined ? 0 : this.#state.failedTail - this.#state.failedHead;
  }

  /** Attempts that the next delivery has behind it. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Reads the state. Idempotent; rejects with a store error and may then be called again. */
  async load(): Promise<OutboxState> {
    if (this.#state !== undefined) return this.#state;
    this.#loading ??= this.#firstLoad().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /**
   * Adds deliveries at the end. Settles when they are durable, with those that found the queue full: these are kept as
   * failed deliveries. Rejects, with nothing kept, when the store fails or too much waits for it already.
   */
  append(records: readonly QueuedRecord[], now: number): Promise<readonly QueuedRecord[]> {
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    return this.#enqueue({ bytes, alone: false }, async (batch) => {
      const full = records.filter((record) => !batch.append(record));
      const why = { attempts: 0, reason: "outbox full", failedAt: now };
      for (const record of full) batch.setAside(record, why);
      return full;
    });
  }

  /** Puts a failed delivery back at the end of the queue. Settles when that is durable. */
  requeue(id: string, now: number): Promise<"queued" | "not-found" | "outbox-full"> {
    // Takes a whole batch for itself: what it looks up in the store must not be changed by another one beside it.
    return this.#enqueue({ bytes: 0, alone: true }, (batch) => requeueFailed(this.#space, batch, id, now));
  }

  /** The failed deliveries that are stored, oldest first. Rejects with a store error. */
  async listFailed(): Promise<readonly FailedRecord[]> {
    return listFailed(this.#space, await this.load());
  }

  /** The delivery to attempt next, undefined when there is none. Rejects with a store error. */
  async next(): Promise<QueuedDelivery | undefined> {
    await this.load();
    while (this.#window.first === undefined && this.length > 0) await this.#fill();
    return this.#window.first;
  }

  /** Notes that the next delivery was tried once more. Stored soon, for after a restart. */
  noteAttempt(): void {
    this.#attempts += 1;
    this.#attemptsChanged = true;
    this.#kick();
  }

  /** Takes the next delivery off the queue. Stored soon; {@link flushed} tells when. */
  settle(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#window.shift();
    this.#cursor = outcome.n + 1;
    this.#attempts = 0;
    this.#attemptsChanged = false;
    this.#kick();
  }

  /** Settles when at most the given number of outcomes are not stored yet, or when the outbox is closed. Never rejects. */
  async flushed(outstanding = 0): Promise<void> {
    while (this.#outcomes.length > outstanding && !this.#closed) {
      await new Promise<void>((resolve) => this.#commitWaiters.push(resolve));
    }
  }

  /** Takes nothing more, and settles when what is known is stored or the store refused it. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#rewriteTimer);
    this.#kick();
    await this.#writing;
    this.#wakeWaiters();
  }

  /** Removes all that is stored. Closes the outbox. Rejects with a store error and may then be called again. */
  async wipe(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#rewriteTimer);
    this.#pending.rejectAll(new ZpwootError("ABORTED", "The session was deleted."));
    await this.#writing;
    this.#wakeWaiters();
    // It reads the stored state again: a write that was thought to have failed may have arrived.
    await wipeOutbox(this.#space);
  }

  async #enqueue<Result>(
    weight: ChangeWeight,
    change: (batch: OutboxBatch) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) throw closedError();
    const settled = this.#pending.add(weight, change);
    this.#kick();
    return settled;
  }

  #kick(): void {
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // What arrives in the same moment shares a batch.
    await Promise.resolve();
    let stored = true;
    while (stored && this.#hasWork()) stored = await this.#writeBatch();
    this.#writing = undefined;
    if (stored) return;
    if (this.#closed) return this.#pending.rejectAll(closedError());
    if (this.#hasWork()) this.#scheduleRewrite();
  }

  #hasWork(): boolean {
    return this.#pending.length > 0 || this.#outcomes.length > 0 || this.#attemptsChanged;
  }

  async #writeBatch(): Promise<boolean> {
    const pending = this.#pending.take();
    try {
      const batch = new OutboxBatch(await this.load(), this.#limits);
      const settled = this.#outcomes.length;
      for (const outcome of this.#outcomes) batch.settle(outcome);
      const attempts = this.#attempts;
      if (this.#attemptsChanged) batch.noteAttempts(attempts);
      const done: (() => void)[] = [];
      for (const change of pending) done.push(await change.apply(batch));
      const dropped = await dropOverflow(this.#space, batch);
      await this.#space.write(batch.entries);
      this.#commit(batch, settled, attempts);
      for (const tell of done) tell();
      if (dropped > 0) this.#listener.dropped(dropped);
      return true;
    } catch (error) {
      for (const change of pending) change.reject(error);
      this.#listener.writeFailed(error);
      return false;
    }
  }

  #commit(batch: OutboxBatch, settled: number, attempts: number): void {
    this.#failedWrites = 0;
    clearTimeout(this.#rewriteTimer);
    this.#state = batch.state;
    this.#outcomes = this.#outcomes.slice(settled);
    if (attempts === this.#attempts) this.#attemptsChanged = false;
    this.#wakeWaiters();
    for (const delivery of batch.queued) {
      const follows = delivery.n === this.#cursor + this.#window.length;
      if (!follows || !this.#window.push(delivery)) break;
    }
    if (batch.queued.length > 0) this.#listener.available();
  }

  #scheduleRewrite(): void {
    const wait = REWRITE_MS[Math.min(this.#failedWrites, REWRITE_MS.length - 1)];
    this.#failedWrites += 1;
    clearTimeout(this.#rewriteTimer);
    this.#rewriteTimer = setTimeout(() => this.#kick(), wait);
  }

  #wakeWaiters(): void {
    for (const wake of this.#commitWaiters.splice(0)) wake();
  }

  async #firstLoad(): Promise<OutboxState> {
    const state = await readState(this.#space);
    this.#state = state;
    this.#cursor = state.head;
    this.#attempts = state.attempts;
    return state;
  }

  async #fill(): Promise<void> {
    const count = Math.min(this.length, DeliveryWindow.fitting(this.bytes / Math.max(1, this.length)));
    const first = this.#cursor;
    const numbers = range(first, first + count);
    const found = await readTolerant(this.#space, numbers.map(queuedKey));
    for (const n of numbers) {
      const record = parseQueued(found.get(queuedKey(n)));
      if (record === undefined || !this.#window.push({ n, record })) break;
    }
    if (this.#window.first !== undefined || this.#closed) return;
    this.settle({ kind: "unreadable", n: first });
    this.#listener.unreadable(first);
  }
}

function closedError(): ZpwootError {
  return new ZpwootError("STOPPED", "The webhook outbox is closed.");
}
