/**
 * The order of writes. Each scope (a session) has a lane that does one step at a time, in order: a batch of writes, or a function
 * with exclusive access to the scope. Writes that arrive in the meantime become the next batch. `batch-sender.ts` sends them.
 */
import type { Batch } from "./batch.js";
import { BatchSender, type SendLimits } from "./batch-sender.js";
import type { Change, Driver } from "./drivers/driver.js";
import type { Fence } from "./fence.js";
import type { OutageLog } from "./outage-log.js";
import type { Turn, WriteOptions } from "./store.js";

/** Limits of the write path. */
export interface WriteLimits extends SendLimits {
  /** Characters that may wait; further writes are refused, so that memory stays bounded during an outage. */
  readonly maxWaiting: number;
}

/** Changes by key; null deletes. */
type Changes = ReadonlyMap<string, string | null>;

/** What was asked for in one scope, in order. */
interface Lane {
  readonly scope: string;
  /** Batches, and work that never rejects. A write joins the last step if that is a batch. */
  readonly steps: (Batch | (() => Promise<void>))[];
  /** Whether a step is under way. */
  busy: boolean;
}

/** What a write of {@link WriteQueue.writeIf} depends on. */
export interface WriteConditions {
  readonly conditions: readonly Change[];
  /** Whether it depends on the fence as well. */
  readonly fenced: boolean;
}

/** Orders writes by scope and bounds how many wait. */
export class WriteQueue {
  readonly #limits: WriteLimits;
  readonly #sender: BatchSender;
  readonly #lanes = new Map<string, Lane>();
  readonly #drained: (() => void)[] = [];
  #waiting = 0;

  constructor(driver: Driver, limits: WriteLimits, outages: OutageLog) {
    this.#limits = limits;
    this.#sender = new BatchSender(driver, limits, outages, (failure) => this.#refuseWaiting(failure));
  }

  /** What every write carries from now on; `writeIf` only when it asks for it. */
  setFence(fence: Fence | undefined): void {
    this.#sender.setFence(fence);
  }

  /** See `Store.noneLate`. */
  noneLate(): Promise<void> {
    return this.#sender.noneLate();
  }

  /** Settles when the changes are durable; rejects with `STORE_UNAVAILABLE` when they may not be, or as the fence says. */
  write(scope: string | Turn, changes: Changes, { patient = false }: WriteOptions = {}): Promise<void> {
    if (typeof scope !== "string") return this.#sendInTurn({ ...newBatch(scope), patient }, changes);
    const lane = this.#lane(scope);
    const last = lane.steps.at(-1);
    const joins = last !== undefined && typeof last !== "function" && last.patient === patient;
    const batch = joins ? last : this.#newStep(lane, patient);
    const written = this.#add(changes, batch);
    if (batch !== last && batch.writers.length > 0) lane.steps.push(batch);
    this.#advance(lane);
    return written;
  }

  /** Like `write` in a turn, if the conditions hold in that moment; rejects with `ConditionFailed` otherwise. */
  writeIf(turn: Turn, changes: Changes, { conditions, fenced }: WriteConditions): Promise<void> {
    return this.#sendInTurn({ ...newBatch(turn), conditions, fenced }, changes);
  }

  /** Runs the work when everything that the scope asked for before is done, and nothing else of the scope until it settles. */
  inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    const askedAt = performance.now();
    const run = async (): Promise<T> => work({ scope, askedAt });
    const lane = this.#lane(scope);
    return new Promise<T>((resolve, reject) => {
      lane.steps.push(() => run().then(resolve, reject));
      this.#advance(lane);
    });
  }

  /** Settles when no write is waiting or in flight. */
  drained(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #sendInTurn(batch: Batch, changes: Changes): Promise<void> {
    const written = this.#add(changes, batch);
    if (batch.writers.length > 0) this.#sender.send(batch);
    return written;
  }

  /** Adds changes to a batch, or refuses them. Settles with the batch. */
  #add(changes: Changes, batch: Batch): Promise<void> {
    const size = sizeOf(changes);
    if (this.#waiting > 0 && this.#waiting + size > this.#limits.maxWaiting) {
      return Promise.reject(this.#sender.failure("has too many writes waiting"));
    }
    this.#waiting += size;
    for (const [key, text] of changes) batch.changes.set(key, text);
    batch.size += size;
    return new Promise<void>((resolve, reject) => {
      batch.writers.push((failure) => {
        this.#waiting -= size;
        if (failure === undefined) resolve();
        else reject(failure);
      });
    });
  }

  #lane(scope: string): Lane {
    const existing = this.#lanes.get(scope);
    if (existing !== undefined) return existing;
    const lane: Lane = { scope, steps: [], busy: false };
    this.#lanes.set(scope, lane);
    return lane;
  }

  /** A batch that is a step of the lane: the next one starts when it is done. */
  #newStep(lane: Lane, patient: boolean): Batch {
    return {
      ...newBatch({ scope: lane.scope, askedAt: performance.now() }),
      patient,
      onTaken: () => {
        lane.steps.shift();
        lane.busy = true;
      },
      onDone: () => this.#release(lane),
    };
  }

  /** Starts the lane's next step, if none is under way. */
  #advance(lane: Lane): void {
    if (lane.busy) return;
    const step = lane.steps[0];
    if (step === undefined) return this.#removeLane(lane);
    if (typeof step !== "function") return this.#sender.send(step);
    lane.steps.shift();
    lane.busy = true;
    void step().finally(() => this.#release(lane));
  }

  /** Those whose turn has come are the sender's to refuse. */
  #refuseWaiting(failure: Error): void {
    for (const { steps, busy } of [...this.#lanes.values()]) {
      const waiting = steps.splice(busy ? 0 : 1);
      for (const step of waiting) {
        if (typeof step === "function" || step.patient) steps.push(step);
        else for (const writer of step.writers) writer(failure);
      }
    }
  }

  #release(lane: Lane): void {
    lane.busy = false;
    this.#advance(lane);
  }

  #removeLane(lane: Lane): void {
    this.#lanes.delete(lane.scope);
    if (this.#lanes.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function newBatch({ scope, askedAt }: Turn): Batch {
  return { scope, changes: new Map(), fenced: true, patient: false, askedAt, size: 0, writers: [] };
}

function sizeOf(changes: Changes): number {
  let size = 0;
  for (const [key, text] of changes) size += key.length + (text?.length ?? 0);
  return size;
}
