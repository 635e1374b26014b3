/**
 * Writes the outboxes of one session, and what is stored with their events, in one batch after the other: an event is in the outboxes of all
 * its endpoints and in the event log, with the keys of its message, or nowhere. If it were in one of them only when the process is killed, it
 * would come again under a second id.
 */
import { setImmediate as nextRound } from "node:timers/promises";
import { backoffMs } from "../../async/backoff.js";
import { WakeSignal } from "../../async/wake-signal.js";
import type { KeySpace } from "../../store/space/key-space.js";
import type { SpaceEntry } from "../../store/space/session-space.js";
import { type ChangeWeight, type PendingChange, PendingChanges } from "./pending-changes.js";

/** The waits before a failed write is tried again when nothing new is to be written, in milliseconds. */
const REWRITE_BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** An outbox, as far as its writer knows it. */
export interface WrittenOutbox {
  /** Whether it has something to write beside changes. */
  readonly hasOutcomes: boolean;
  /** Starts the draft of its next batch, if it has none. Rejects with a store error. */
  begin(): Promise<unknown>;
  /** Makes the draft ready to be written; undefined if there is none. Rejects with a store error. */
  finish(): Promise<readonly SpaceEntry[] | undefined>;
  /** The draft is durable. */
  commit(): void;
  /** The draft is dropped. */
  discard(error: unknown): void;
}

/** One loop makes all writes, one batch at a time; what arrives meanwhile shares the next batch. */
export class SessionWriter {
  readonly #space: Pick<KeySpace, "write">;
  readonly #pending: PendingChanges;
  readonly #outboxes = new Set<WrittenOutbox>();
  readonly #work = new WakeSignal();
  /** Outboxes that are written once more. */
  readonly #released: { readonly outbox: WrittenOutbox; readonly resolve: () => void }[] = [];
  #isRunning = false;
  #failedWrites = 0;

  constructor(space: Pick<KeySpace, "write">, maxPendingBytes: number) {
    this.#space = space;
    this.#pending = new PendingChanges(maxPendingBytes);
  }

  /** Writes for an outbox from now on. */
  add(outbox: WrittenOutbox): void {
    this.#outboxes.add(outbox);
  }

  /** Whether it writes for an outbox. */
  writes(outbox: WrittenOutbox): boolean {
    return this.#outboxes.has(outbox);
  }

  /**
   * Makes a change of the next batch. It begins the drafts that it needs, and changes them when it has them all. Settles with its result
   * when that is durable; rejects with a store error, as the change does, or with `STORE_UNAVAILABLE` when too much waits.
   */
  change<Result>(weight: ChangeWeight, change: () => Promise<Result>): Promise<Result> {
    const settled = this.#pending.add(weight, change);
    this.wake();
    return settled;
  }

  /** An outbox has something to write. */
  wake(): void {
    this.#work.wake();
    if (!this.#isRunning) void this.#run();
  }

  /** Writes for an outbox once more, and then not again. Settles when that is done, or has failed. Never rejects. */
  release(outbox: WrittenOutbox): Promise<void> {
    this.#outboxes.add(outbox);
    return new Promise<void>((resolve) => {
      this.#released.push({ outbox, resolve });
      this.wake();
    });
  }

  /** Ends when there is nothing to write. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    let isStored = true;
    do {
      // Settles a moment later even when it is set: what arrives in the same turn shares a batch.
      await this.#work.wait(isStored ? 0 : backoffMs(this.#failedWrites, REWRITE_BACKOFF));
      const released = this.#released.splice(0);
      isStored = await this.#writeBatch();
      // Those who hear of a failure take back what later changes would be stored with; promises settle in this round.
      if (!isStored) await nextRound();
      for (const { outbox, resolve } of released) {
        this.#outboxes.delete(outbox);
        resolve();
      }
    } while (this.#hasWork());
    this.#isRunning = false;
  }

  #hasWork(): boolean {
    if (this.#pending.length + this.#released.length > 0) return true;
    return [...this.#outboxes].some(({ hasOutcomes }) => hasOutcomes);
  }

  async #writeBatch(): Promise<boolean> {
    const begun = await this.#begin();
    const { made, resolvers } = await applied(this.#pending.take());
    let isStored = begun;
    try {
      const entries: SpaceEntry[] = [];
      for (const outbox of this.#outboxes) entries.push(...((await outbox.finish()) ?? []));
      for (const { along } of made) entries.push(...(along?.() ?? []));
      if (entries.length > 0) await this.#space.write(new Map(), entries);
      for (const outbox of this.#outboxes) outbox.commit();
      for (const resolve of resolvers) resolve();
    } catch (error) {
      isStored = false;
      for (const change of made) change.reject(error);
      for (const outbox of this.#outboxes) outbox.discard(error);
    }
    this.#failedWrites = isStored ? 0 : this.#failedWrites + 1;
    return isStored;
  }

  /** Returns whether all could be begun that have something to write. */
  async #begin(): Promise<boolean> {
    let isBegun = true;
    for (const outbox of this.#outboxes) {
      if (!outbox.hasOutcomes) continue;
      try {
        await outbox.begin();
      } catch (error) {
        isBegun = false;
        outbox.discard(error);
      }
    }
    return isBegun;
  }
}

/** Makes changes, in order. Those that can't be made are rejected. */
async function applied(
  changes: readonly PendingChange[],
): Promise<{ readonly made: readonly PendingChange[]; readonly resolvers: readonly (() => void)[] }> {
  const made: PendingChange[] = [];
  const resolvers: (() => void)[] = [];
  for (const change of changes) {
    try {
      resolvers.push(await change.apply());
      made.push(change);
    } catch (error) {
      change.reject(error);
    }
  }
  return { made, resolvers };
}
