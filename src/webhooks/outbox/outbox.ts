/** The durable queue of one endpoint: nothing is sent before it is stored, nothing is removed before it is acknowledged. */
import type { FailedRecord } from "../../api/event-stream.js";
import { once } from "../../async/once.js";
import { WakeSignal } from "../../async/wake-signal.js";
import type { KeySpace } from "../../store/space/key-space.js";
import type { SpaceEntry } from "../../store/space/session-space.js";
import type { Outcome, OutboxLimits, QueuedDelivery } from "./batch.js";
import { type Draft, newDraft } from "./draft.js";
import { dropOverflow, listFailed, requeueFailed, type RequeueResult } from "./failed-deliveries.js";
import { findBody } from "./find-body.js";
import type { OutboxListener } from "./outbox-listener.js";
import { closedError } from "./pending-changes.js";
import { ReadAhead } from "./read-ahead.js";
import { EMPTY_STATE, range, type QueuedRecord } from "./records.js";
import { ReferredBodies } from "./referred-bodies.js";
import type { SessionWriter, WrittenOutbox } from "./session-writer.js";
import { readQueued } from "./stored-queue.js";
import { readState } from "./stored-state.js";

/** A queue in the store. Its session's writer makes all writes, one batch at a time; what arrives meanwhile shares the next batch. */
export class Outbox implements WrittenOutbox {
  readonly #space: KeySpace;
  readonly #limits: OutboxLimits;
  readonly #listener: OutboxListener;
  readonly #writer: SessionWriter;
  readonly #readAhead = new ReadAhead();
  readonly #referred: ReferredBodies;
  readonly #load = once(() => this.#readState());
  /** As last stored. */
  #state = EMPTY_STATE;
  /** The next delivery to attempt: ahead of the stored head by the outcomes that are not stored yet. */
  #cursor = 0;
  #attempts = 0;
  #attemptsChanged = false;
  #outcomes: Outcome[] = [];
  readonly #committed = new WakeSignal();
  #draft: Draft | undefined;
  /** A write has failed, which may have been applied: what is stored is not known. */
  #isUncertain = false;
  #closed = false;
  #removed = false;

  constructor(space: KeySpace, limits: OutboxLimits, listener: OutboxListener, writer: SessionWriter) {
    this.#space = space;
    this.#limits = limits;
    this.#listener = listener;
    this.#writer = writer;
    this.#referred = new ReferredBodies(space);
    writer.add(this);
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

  /** Starts the draft of the next batch, if there is none. Rejects with a store error or `STOPPED`. */
  async begin(): Promise<void> {
    if (!this.#writer.writes(this)) throw closedError();
    try {
      await this.#load();
      if (this.#isUncertain) await this.#readAgain();
    } catch (error) {
      this.#listener.writeFailed(error);
      throw error;
    }
    this.#draft ??= this.#newDraft();
  }

  /** Adds deliveries at the end, in the draft. Returns those that found the queue full: these are kept as failed deliveries. */
  append(records: readonly QueuedRecord[], now: number): readonly QueuedRecord[] {
    const { batch } = (this.#draft ??= this.#newDraft());
    const refused = records.filter((record) => !batch.append(record));
    const failure = { attempts: 0, reason: "outbox full", failedAt: now };
    for (const record of refused) batch.setAside(record, failure);
    return refused;
  }

  /** Puts a failed delivery back at the end of the queue. Settles when that is durable. Rejects with a store error or `STOPPED`. */
  async requeue(id: string, now: number): Promise<RequeueResult> {
    if (this.#closed) throw closedError();
    // A batch of its own: another change in the same batch could remove what this one has just read.
    return this.#writer.change({ bytes: 0, alone: true }, async () => {
      await this.begin();
      const { batch } = (this.#draft ??= this.#newDraft());
      return requeueFailed(this.#space, batch, id, now);
    });
  }

  /** The failed deliveries that are stored, oldest first. Rejects with a store error. */
  async listFailed(): Promise<readonly FailedRecord[]> {
    await this.#load();
    return listFailed(this.#space, this.#state);
  }

  /** The body of an event that is queued, failed, or was delivered by reference; undefined if there is none. Rejects with a store error. */
  async bodyOf(eventId: string): Promise<string | undefined> {
    await this.#load();
    const { first } = this.#readAhead;
    if (first?.record.id === eventId) return first.record.body;
    return findBody(this.#space, this.#state, this.#cursor, eventId);
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
    this.#writer.wake();
  }

  /** Takes the next delivery off the queue. Stored soon: wait with {@link flushed}. */
  settle(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#readAhead.shift();
    this.#cursor = outcome.n + 1;
    this.#attempts = 0;
    this.#attemptsChanged = false;
    this.#writer.wake();
  }

  /** Settles when at most `outstanding` outcomes are not stored, or the outbox is closed. Never rejects. One caller at a time. */
  async flushed(outstanding = 0): Promise<void> {
    while (this.#outcomes.length > outstanding && !this.#closed) await this.#committed.wait();
  }

  /** Whether outcomes or attempts are not stored, or it is not known whether they are. */
  get hasOutcomes(): boolean {
    return this.#outcomes.length > 0 || this.#attemptsChanged || this.#isUncertain;
  }

  /** Whether what it holds is being removed. */
  get isRemoved(): boolean {
    return this.#removed;
  }

  /** Refuses new changes. Settles when all outcomes are stored, or one more try to store them has failed. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writer.release(this);
    this.#committed.wake();
  }

  /** Closes the outbox and removes all that is stored. Rejects with a store error and may then be called again. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.close();
    await this.#space.clear();
  }

  /** For its writer. */
  async finish(): Promise<readonly SpaceEntry[] | undefined> {
    if (this.#draft === undefined) return undefined;
    const { batch } = this.#draft;
    this.#draft.dropped = await dropOverflow(this.#space, batch);
    return this.#space.placed(new Map([...batch.entries, ...(await this.#referred.keep(batch.referred))]));
  }

  /** For its writer. */
  commit(): void {
    if (this.#draft === undefined) return;
    const { batch, settled, attempts, dropped } = this.#draft;
    this.#draft = undefined;
    this.#state = batch.state;
    this.#referred.kept(batch.referred);
    this.#outcomes = this.#outcomes.slice(settled);
    if (attempts === this.#attempts) this.#attemptsChanged = false;
    this.#committed.wake();
    for (const delivery of batch.queued) {
      const follows = delivery.n === this.#cursor + this.#readAhead.length;
      if (!follows || !this.#readAhead.push(delivery)) break;
    }
    if (batch.queued.length > 0) this.#listener.available();
    if (dropped > 0) this.#listener.dropped(dropped);
  }

  /** For its writer. */
  discard(error: unknown): void {
    if (this.#draft === undefined) return;
    this.#draft = undefined;
    this.#isUncertain = true;
    this.#listener.writeFailed(error);
  }

  #newDraft(): Draft {
    const [attempts, isCounted] = [this.#attempts, this.#attemptsChanged];
    return newDraft(this.#state, this.#limits, { outcomes: this.#outcomes, attempts, isCounted });
  }

  async #readState(): Promise<void> {
    this.#state = await readState(this.#space, () => this.#listener.rebuilt());
    this.#cursor = this.#state.head;
    this.#attempts = this.#state.attempts;
  }

  /** What a write that failed has stored all the same counts: an event in the queue was acknowledged, and must not be written over. */
  async #readAgain(): Promise<void> {
    const { tail } = this.#state;
    await this.#space.certain();
    this.#state = await readState(this.#space, () => this.#listener.rebuilt());
    this.#referred.forget();
    this.#isUncertain = false;
    this.#outcomes = this.#outcomes.filter(({ n }) => n >= this.#state.head);
    this.#committed.wake();
    if (this.#state.tail > tail) this.#listener.available();
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
