/**
 * Sends batches to the driver: several in one call where that is faster, again when the store does not answer, and with the
 * conditions of the fence, so that the store refuses what an owner of before sends.
 */
import { setImmediate } from "node:timers";
import { retrying, type RetryPolicy, withDeadline } from "../async/deadline.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { type Batch, isShared, merged, settle } from "./batch.js";
import { type Change, ConditionFailed, type Driver } from "./drivers/driver.js";
import { failedWrite, writeRefusal } from "./drivers/refused-writes.js";
import { conditionsOf, type Fence } from "./fence.js";
import type { OutageLog } from "./outage-log.js";

/** How long calls may take. */
export interface SendLimits {
  /** Longest wait for one call to the adapter, in milliseconds. */
  readonly callMs: number;
  /** How long a batch is tried before its writes reject, in milliseconds from the first that asked: but at least one call. */
  readonly totalMs: number;
  /** How long one that is not patient is tried while the store is full, in milliseconds. All are tried again after half of it. */
  readonly fullMs: number;
  /** Ends all trying: the store is being closed. */
  readonly signal: AbortSignal;
}

/** Keys of one shared call, at most. A single batch may be larger, since it can't be split. */
const MAX_SHARED_KEYS = 2_000;
/** Characters of one shared call, at most. */
const MAX_SHARED_SIZE = 1_000_000;

/** How often a refused batch is sent again with new conditions. Each time, this owner has raised its epoch in between. */
const MAX_RETRIES = 20;

/** Sends batches that are ready, and settles their writers. */
export class BatchSender {
  readonly #driver: Driver;
  readonly #limits: SendLimits;
  readonly #outages: OutageLog;
  readonly #onFull: (failure: Error) => void;
  /** Oldest first. */
  readonly #ready = new Set<Batch>();
  #fence: Fence | undefined;
  /** A fenced call was given up, and its epoch is still the newest. */
  #mayArriveLate = false;
  #raising: Promise<void> | undefined;
  #inFlight = 0;
  #scheduled = false;

  /** `onFull` is called when the store has taken no writes for a while: what waits and is not patient need not wait. */
  constructor(driver: Driver, limits: SendLimits, outages: OutageLog, onFull: (failure: Error) => void) {
    this.#driver = driver;
    this.#limits = limits;
    this.#outages = outages;
    this.#onFull = onFull;
  }

  /** The fence of all calls from now on. */
  setFence(fence: Fence | undefined): void {
    this.#fence = fence;
    this.#mayArriveLate = false;
  }

  /** Sends a batch with all others of this turn of the event loop. Until it is taken, changes may join it. */
  send(batch: Batch): void {
    this.#ready.add(batch);
    this.#schedule();
  }

  /** See `Store.noneLate`. */
  async noneLate(): Promise<void> {
    if (this.#fence !== undefined && this.#mayArriveLate) await this.#raised(this.#fence);
  }

  /** The error of a write that the store did not take. */
  failure(what: string, cause?: unknown): ZpwootError {
    return new ZpwootError("STORE_UNAVAILABLE", `The store ${this.#driver.description} ${what}`, { cause });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#ready.size > 0 && this.#inFlight < this.#driver.batching.inFlight) {
      const batches = this.#takeReady();
      this.#inFlight += 1;
      void this.#commitAll(batches).finally(() => {
        this.#inFlight -= 1;
        for (const { onDone } of batches) onDone?.();
        if (this.#ready.size > 0) this.#schedule();
      });
    }
  }

  #takeReady(): readonly Batch[] {
    const taken: Batch[] = [];
    let keys = 0;
    let size = 0;
    for (const batch of this.#ready) {
      keys += batch.changes.size;
      size += batch.size;
      if (taken.length > 0 && (!isShared(batch) || keys > MAX_SHARED_KEYS || size > MAX_SHARED_SIZE)) break;
      this.#ready.delete(batch);
      taken.push(batch);
      batch.onTaken?.();
      if (!this.#driver.batching.coalesce || !isShared(batch)) break;
    }
    return taken;
  }

  /** Never rejects: a failure rejects the writers. */
  async #commitAll(batches: readonly Batch[]): Promise<void> {
    try {
      await this.#commit(batches);
      settle(batches);
    } catch (error) {
      // One bad batch must not fail the others that shared the call.
      if (batches.length > 1 && this.#isPermanent(error)) {
        for (const batch of batches) await this.#commitAll([batch]);
        return;
      }
      const patient = writeRefusal(error) !== undefined ? batches.filter((batch) => batch.patient) : [];
      // Patient ones that shared the call go on; alone, they have had their time.
      if (patient.length === batches.length) return settle(batches, this.#failureOf(error));
      settle(
        batches.filter((batch) => !patient.includes(batch)),
        this.#failureOf(error),
      );
      if (patient.length > 0) await this.#commitAll(patient);
    }
  }

  async #commit(batches: readonly Batch[]): Promise<void> {
    const changes = merged(batches);
    const [{ scope, fenced, conditions = [] }] = batches as readonly [Batch];
    const scopes = batches.map((batch) => batch.scope);
    for (let retries = 0; ; retries += 1) {
      const fence = fenced ? this.#fence : undefined;
      const all = (): readonly Change[] =>
        fence === undefined ? conditions : conditionsOf(fence, scopes, conditions);
      try {
        await retrying("The store", this.#policy(fence, batches), () => this.#driver.apply(changes, all()));
        this.#outages.written(batches);
        return;
      } catch (error) {
        // Of several batches, each asks for itself.
        if (!(error instanceof ConditionFailed) || fence === undefined || batches.length > 1) throw error;
        const { totalMs, signal } = this.#limits;
        const answer = await withDeadline("The store", totalMs, () => fence.refused(scope), { signal });
        if (answer !== "retry") throw answer;
        // Conditions of its own may be those that failed: who made them looks again.
        if (conditions.length > 0 || retries >= MAX_RETRIES) throw error;
      }
    }
  }

  #policy(fence: Fence | undefined, batches: readonly Batch[]): RetryPolicy {
    const { callMs, totalMs, fullMs, signal } = this.#limits;
    const isPatient = batches.every(({ patient }) => patient);
    // Of several, the last one has its whole time.
    const endsAt = Math.max(...batches.map(({ askedAt }) => askedAt)) + totalMs;
    const refusedFrom = performance.now() + fullMs;
    const isRefusedForLong = (error: unknown): boolean =>
      writeRefusal(error) !== undefined && performance.now() >= refusedFrom;
    return {
      ...{ callMs, signal, totalMs: Math.max(callMs, endsAt - performance.now()) },
      tries: Number.POSITIVE_INFINITY,
      isPermanent: (error) => this.#isPermanent(error) || (!isPatient && isRefusedForLong(error)),
      maxWaitMs: (error) => (writeRefusal(error) === undefined ? undefined : fullMs / 2),
      beforeTry: () => (fence !== undefined && this.#mayArriveLate ? this.#raise(fence) : undefined),
      onFailedTry: (error, startedAt) => {
        if (this.#isPermanent(error)) return;
        this.#outages.failed(error, startedAt, batches);
        if (isRefusedForLong(error)) this.#refuseWaiting(this.#failureOf(error));
        if (fence !== undefined && this.#driver.fences && !this.#driver.isOver(error))
          this.#mayArriveLate = true;
      },
    };
  }

  #refuseWaiting(failure: Error): void {
    for (const batch of this.#ready) {
      if (batch.patient) continue;
      this.#ready.delete(batch);
      batch.onTaken?.();
      settle([batch], failure);
      batch.onDone?.();
    }
    this.#onFull(failure);
  }

  /** Settles when no call that was given up can be applied any more. */
  async #raise(fence: Fence): Promise<void> {
    // The new epoch is a write, which needs a place in flight: this call is not under way.
    this.#inFlight -= 1;
    if (this.#ready.size > 0) this.#schedule();
    await this.#raised(fence).finally(() => (this.#inFlight += 1));
  }

  #raised(fence: Fence): Promise<void> {
    this.#raising ??= fence
      .givenUp()
      .then(() => void (this.#mayArriveLate = false))
      .finally(() => (this.#raising = undefined));
    return this.#raising;
  }

  #isPermanent(error: unknown): boolean {
    if (isZpwootError(error)) return error.code !== "STORE_UNAVAILABLE";
    return this.#driver.isPermanent(error);
  }

  #failureOf(error: unknown): Error {
    if (isZpwootError(error) || error instanceof ConditionFailed) return error;
    return this.failure(failedWrite(error), error);
  }
}
