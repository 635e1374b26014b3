/**
 * The write path. Each scope (a session) has a lane that does one step at a time, in order: a batch of writes, or a function with
 * exclusive access to the scope. Writes that arrive in the meantime become the next batch. Batches that are ready at the same moment share one call to the
 * driver where that is faster.
 */
import { setImmediate } from "node:timers";
import { isZpwootError, ZpwootError } from "../errors.js";
import { retrying } from "../async/deadline.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import type { OutageLog } from "./outage-log.js";
import type { Turn } from "./store.js";

/** Limits of the write path. */
export interface WriteLimits {
  /** Longest wait for one call to the adapter, in milliseconds. */
  readonly callMs: number;
  /** How long a batch is tried before its writes reject, in milliseconds. */
  readonly totalMs: number;
  /** Characters that may wait; further writes are refused, so that memory stays bounded during an outage. */
  readonly maxWaiting: number;
}

/** Changes by key; null deletes. */
type Changes = ReadonlyMap<string, string | null>;

/** Changes that become durable together. */
interface Batch {
  /** The lane whose turn it is; undefined for a batch of work that has the turn already. */
  readonly lane: Lane | undefined;
  readonly changes: Map<string, string | null>;
  /** Settles the callers of `write`. */
  readonly writers: ((failure?: ZpwootError) => void)[];
  size: number;
}

/** What was asked for in one scope, in order. */
interface Lane {
  readonly scope: string;
  /** Batches, and work that never rejects. A write joins the last step if that is a batch. */
  readonly steps: (Batch | (() => Promise<void>))[];
  /** Whether a step is under way. */
  busy: boolean;
}

/** Keys of one shared call, at most. The batch of a single lane may be larger, since it can't be split. */
const MAX_SHARED_KEYS = 2_000;
/** Characters of one shared call, at most. */
const MAX_SHARED_SIZE = 1_000_000;

/** Orders, merges and retries writes. */
export class WriteQueue {
  readonly #driver: Driver;
  readonly #limits: WriteLimits;
  readonly #outages: OutageLog;
  readonly #lanes = new Map<string, Lane>();
  /** Batches whose turn it is, oldest first. */
  readonly #ready = new Set<Batch>();
  readonly #drained: (() => void)[] = [];
  #waiting = 0;
  #inFlight = 0;
  #scheduled = false;

  constructor(driver: Driver, limits: WriteLimits, outages: OutageLog) {
    this.#driver = driver;
    this.#limits = limits;
    this.#outages = outages;
  }

  /** Settles when the changes are durable; rejects with `STORE_UNAVAILABLE` when they may not be. */
  write(scope: string | Turn, changes: Changes): Promise<void> {
    if (typeof scope !== "string") return this.#writeInTurn(changes);
    const lane = this.#lane(scope);
    const last = lane.steps.at(-1);
    const batch = last === undefined || typeof last === "function" ? newBatch(lane) : last;
    const written = this.#add(changes, batch);
    if (batch !== last && batch.writers.length > 0) lane.steps.push(batch);
    this.#advance(lane);
    return written;
  }

  /** Runs the work when everything that the scope asked for before is done, and nothing else of the scope until it settles. */
  inTurn<T>(scope: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => work({ scope });
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

  #writeInTurn(changes: Changes): Promise<void> {
    const batch = newBatch();
    const written = this.#add(changes, batch);
    if (batch.writers.length > 0) this.#makeReady(batch);
    return written;
  }

  /** Adds changes to a batch, or refuses them. Settles with the batch. */
  #add(changes: Changes, batch: Batch): Promise<void> {
    const size = sizeOf(changes);
    if (this.#waiting > 0 && this.#waiting + size > this.#limits.maxWaiting) {
      return Promise.reject(this.#failure("has too many writes waiting"));
    }
    this.#waiting += size;
    for (const [key, text] of changes) batch.changes.set(key, text);
    batch.size += size;
    return new Promise<void>((resolve, reject) => {
      batch.writers.push((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
  }

  #lane(scope: string): Lane {
    const existing = this.#lanes.get(scope);
    if (existing !== undefined) return existing;
    const lane: Lane = { scope, steps: [], busy: false };
    this.#lanes.set(scope, lane);
    return lane;
  }

  /** Starts the lane's next step, if none is under way. */
  #advance(lane: Lane): void {
    if (lane.busy) return;
    const step = lane.steps[0];
    if (step === undefined) return this.#removeLane(lane);
    if (typeof step !== "function") return this.#makeReady(step);
    lane.steps.shift();
    lane.busy = true;
    void step().finally(() => this.#release(lane));
  }

  #release(lane: Lane): void {
    lane.busy = false;
    this.#advance(lane);
  }

  #removeLane(lane: Lane): void {
    this.#lanes.delete(lane.scope);
    if (this.#lanes.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  #makeReady(batch: Batch): void {
    this.#ready.add(batch);
    this.#schedule();
  }

  /** Starts at the end of this turn of the event loop, so that all writes of the turn share a batch. */
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
        for (const { lane } of batches) if (lane !== undefined) this.#release(lane);
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
      if (taken.length > 0 && (keys > MAX_SHARED_KEYS || size > MAX_SHARED_SIZE)) break;
      this.#ready.delete(batch);
      taken.push(batch);
      if (batch.lane !== undefined) {
        batch.lane.steps.shift();
        batch.lane.busy = true;
      }
      if (!this.#driver.batching.coalesce) break;
    }
    return taken;
  }

  /** Never rejects: a failure rejects the writers. */
  async #commitAll(batches: readonly Batch[]): Promise<void> {
    try {
      await this.#commit(batches);
      this.#settle(batches);
    } catch (error) {
      // One bad batch must not fail the others that shared the call.
      if (batches.length > 1 && this.#driver.isPermanent(error)) {
        for (const batch of batches) await this.#commitAll([batch]);
        return;
      }
      const failure = isZpwootError(error)
        ? error
        : this.#failure(`did not accept a write: ${reasonOf(error)}`, error);
      this.#settle(batches, failure);
    }
  }

  async #commit(batches: readonly Batch[]): Promise<void> {
    const merged = new Map(batches.flatMap(({ changes }) => [...changes]));
    // Sorted, because Postgres deadlocks when two batches lock the same rows in different orders.
    const changes = [...merged]
      .map(([key, text]) => ({ key, text }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const policy = {
      totalMs: this.#limits.totalMs,
      callMs: this.#limits.callMs,
      tries: Number.POSITIVE_INFINITY,
      isPermanent: (error: unknown) => this.#driver.isPermanent(error),
      onFailedTry: (error: unknown, startedAt: number) => {
        if (!this.#driver.isPermanent(error)) this.#outages.failed(error, startedAt);
      },
    };
    await retrying("The store", policy, () => this.#driver.apply(changes));
    this.#outages.answered();
  }

  #settle(batches: readonly Batch[], failure?: ZpwootError): void {
    for (const { size, writers } of batches) {
      this.#waiting -= size;
      for (const settle of writers) settle(failure);
    }
  }

  #failure(what: string, cause?: unknown): ZpwootError {
    return new ZpwootError("STORE_UNAVAILABLE", `The store ${this.#driver.description} ${what}`, { cause });
  }
}

function newBatch(lane?: Lane): Batch {
  return { lane, changes: new Map(), writers: [], size: 0 };
}

function sizeOf(changes: Changes): number {
  let size = 0;
  for (const [key, text] of changes) size += key.length + (text?.length ?? 0);
  return size;
}
