/** The durable queue of one endpoint: nothing is sent before it is stored, nothing is removed before it is acknowledged. */
import type { FailedRecord } from "../../api/event-stream.js";
import { backoffMs } from "../../async/backoff.js";
import { once } from "../../async/once.js";
import { WakeSignal } from "../../async/wake-signal.js";
import { ZpwootError } from "../../errors.js";
import type { Along, KeySpace } from "../../store/space/key-space.js";
import { OutboxBatch, type Outcome, type OutboxLimits, type QueuedDelivery } from "./batch.js";
import { dropOverflow, listFailed, requeueFailed, type RequeueResult } from "./failed-deliveries.js";
import { closedError, PendingChanges, type ChangeWeight } from "./pending-changes.js";
import { ReadAhead } from "./read-ahead.js";
import { EMPTY_STATE, range, sizeOf, type QueuedRecord } from "./records.js";
import { readQueued } from "./stored-queue.js";
import { readState } from "./stored-state.js";

/** What an outbox reports to its owner. */
export interface OutboxListener {
  /** There is something new to deliver. */
  available(): void;
  /** A queued delivery was lost to a damaged or missing record; `n` is its place in the queue. */
  unreadable(n: number): void;
  /** The state could not be read and was made again from what is queued. */
  rebuilt(): void;
  /** The oldest failed deliveries were dropped to keep within the limits. */
  dropped(count: number): void;
  /** A write failed; it is tried again if it held acknowledgements. */
  writeFailed(error: unknown): void;
}

/** The waits before a failed write is tried again when nothing new is to be written, in milliseconds. */
const REWRITE_BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** A queue in the store. One loop makes all writes, one batch at a time; what arrives meanwhile shares the next batch. */
export class Outbox {
  readonly #space: KeySpace;
  readonly #limits: OutboxLimits;
  readonly #listener: OutboxListener;
  readonly #pending: PendingChanges;
  readonly #readAhead = new ReadAhead();
  readonly #load = once(() => this.#readState());
  /** As last stored. */
  #state = EMPTY_STATE;
  /** The next delivery to attempt: ahead of the stored head by the outcomes that are not stored yet. */
  #cursor = 0;
  #attempts = 0;
  #attemptsChanged = false;
  #outcomes: Outcome[] = [];
  readonly #work = new WakeSignal();
  readonly #committed = new WakeSignal();
  #writing: Promise<void> | undefined;
  #failedWrites = 0;
  #closed = false;

  constructor(space: KeySpace, limits: OutboxLimits, listener: OutboxListener) {
    this.#space = space;
    this.#limits = limits;
    this.#listener = listener;
    this.#pending = new PendingChanges(limits.maxPendingBytes);
  }

  /** Deliveries stored and not settled. */
  get length(): number {
    return this.#state.tail - this.#cursor;
  }

  /** Bytes of the queue, as last stored. */
  get bytes(): number {
    return this.#state.bytes;
  }

  /** Failed deliveries kept, at most. */
  get failedCount(): number {
    return this.#state.failedTail - this.#state.failedHead;
  }

  /** Failed attempts of the next delivery. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Reads the state. Idempotent; rejects with a store error and may then be called again. */
  load(): Promise<void> {
    return this.#load();
  }

  /**
   * Adds deliveries at the end. Settles when they are durable, with those that found the queue full: these are kept as
   * failed deliveries. Rejects, with nothing kept, when the store fails or too much waits for it already. `along` is stored in
   * the same batch.
   */
  append(records: readonly QueuedRecord[], now: number, along?: Along): Promise<readonly QueuedRecord[]> {
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    return this.#enqueue({ bytes, alone: false }, async (batch) => {
      const refused = records.filter((record) => !batch.append(record));
      const failure = { attempts: 0, reason: "outbox full", failedAt: now };
      for (const record of refused) batch.setAside(record, failure);
      if (along !== undefined) batch.take(along);
      return refused;
    });
  }

  /** Puts a failed delivery back at the end of the queue. Settles when that is durable. Rejects as {@link append} does. */
  requeue(id: string, now: number): Promise<RequeueResult> {
    // A batch of its own: another change in the same batch could remove what this one has just read.
    return this.#enqueue({ bytes: 0, alone: true }, (batch) => requeueFailed(this.#space, batch, id, now));
  }

  /** The failed deliveries that are stored, oldest first. Rejects with a store error. */
  async listFailed(): Promise<readonly FailedRecord[]> {
    await this.#load();
    return listFailed(this.#space, this.#state);
  }

  /** The delivery to attempt next, undefined when the queue is empty. Rejects with a store error. */
  async next(): Promise<QueuedDelivery | undefined> {
    await this.#load();
    while (this.#readAhead.first === undefined && this.length > 0) await this.#fill();
    return this.#readAhead.first;
  }

  /** The delivery behind the next one, undefined when there is none that can be read. Rejects with a store error. */
  async following(): Promise<QueuedDelivery | undefined> {
    const known = this.#readAhead.second;
    if (known !== undefined || this.length < 2) return known;
    return (await readQueued(this.#space, [this.#cursor + 1]))[0];
  }

  /** Counts a failed attempt of the next delivery. Stored soon, so that the count survives a restart. */
  countAttempt(): void {
    this.#attempts += 1;
    this.#attemptsChanged = true;
    this.#write();
  }

  /** Takes the next delivery off the queue. Stored soon: wait with {@link flushed}. */
  settle(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#readAhead.shift();
    this.#cursor = outcome.n + 1;
    this.#attempts = 0;
    this.#attemptsChanged = false;
    this.#write();
  }

  /** Settles when at most `outstanding` outcomes are not stored, or the outbox is closed. Never rejects. One caller at a time. */
  async flushed(outstanding = 0): Promise<void> {
    while (this.#outcomes.length > outstanding && !this.#closed) await this.#committed.wait();
  }

  /** Refuses new changes. Settles when all outcomes are stored, or one more try to store them has failed. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#write();
    await this.#writing;
    this.#committed.wake();
  }

  /** Closes the outbox and removes all that is stored. Rejects with a store error and may then be called again. */
  async remove(): Promise<void> {
    this.#pending.rejectAll(new ZpwootError("ABORTED", "The session was deleted"));
    await this.close();
    await this.#space.clear();
  }

  async #enqueue<T>(weight: ChangeWeight, change: (batch: OutboxBatch) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    const settled = this.#pending.add(weight, change);
    this.#write();
    return settled;
  }

  #write(): void {
    this.#work.wake();
    this.#writing ??= this.#writeLoop();
  }

  /** Ends when the outbox is closed. */
  async #writeLoop(): Promise<void> {
    do {
      // Settles a moment later even when it is set: what arrives in the same turn shares a batch.
      await this.#work.wait(this.#rewriteMs());
      let stored = true;
      while (stored && this.#hasWork()) stored = await this.#writeBatch();
    } while (!this.#closed);
    this.#writing = undefined;
    this.#pending.rejectAll(closedError());
  }

  #hasWork(): boolean {
    return this.#pending.length > 0 || this.#outcomes.length > 0 || this.#attemptsChanged;
  }

  #rewriteMs(): number {
    return this.#hasWork() ? backoffMs(this.#failedWrites, REWRITE_BACKOFF) : Infinity;
  }

  async #writeBatch(): Promise<boolean> {
    const pending = this.#pending.take();
    try {
      await this.#load();
      const batch = new OutboxBatch(this.#state, this.#limits);
      const settled = this.#outcomes.length;
      for (const outcome of this.#outcomes) batch.settle(outcome);
      const attempts = this.#attempts;
      if (this.#attemptsChanged) batch.setAttempts(attempts);
      const resolvers: (() => void)[] = [];
      for (const change of pending) resolvers.push(await change.apply(batch));
      const dropped = await dropOverflow(this.#space, batch);
      await this.#space.write(batch.entries, batch.along());
      this.#commit(batch, settled, attempts);
      for (const resolve of resolvers) resolve();
      if (dropped > 0) this.#listener.dropped(dropped);
      return true;
    } catch (error) {
      this.#failedWrites += 1;
      for (const change of pending) change.reject(error);
      this.#listener.writeFailed(error);
      return false;
    }
  }

  #commit(batch: OutboxBatch, settled: number, attempts: number): void {
    this.#failedWrites = 0;
    this.#state = batch.state;
    this.#outcomes = this.#outcomes.slice(settled);
    if (attempts === this.#attempts) this.#attemptsChanged = false;
    this.#committed.wake();
    for (const delivery of batch.queued) {
      const follows = delivery.n === this.#cursor + this.#readAhead.length;
      if (!follows || !this.#readAhead.push(delivery)) break;
    }
    if (batch.queued.length > 0) this.#listener.available();
  }

  async #readState(): Promise<void> {
    this.#state = await readState(this.#space, () => this.#listener.rebuilt());
    this.#cursor = this.#state.head;
    this.#attempts = this.#state.attempts;
  }

  async #fill(): Promise<void> {
    const count = Math.min(this.length, ReadAhead.fitting(this.bytes / Math.max(1, this.length)));
    const first = this.#cursor;
    for (const delivery of await readQueued(this.#space, range(first, first + count)))
      if (!this.#readAhead.push(delivery)) break;
    if (this.#readAhead.first !== undefined || this.#closed) return;
    this.settle({ kind: "unreadable", n: first });
    this.#listener.unreadable(first);
  }
}
