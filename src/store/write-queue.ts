/**
 * The write path. Each scope (a session) has a lane, which keeps the order of its changes: one batch of a lane is in flight, and
 * what arrives in the meantime becomes its next batch. Lanes that are ready at the same moment share one call to the driver
 * where that is faster.
 */
import { setImmediate } from "node:timers";
import { isZpwootError, ZpwootError } from "../errors.js";
import { retrying } from "../async/deadline.js";
import { type Driver, reasonOf } from "./drivers/driver.js";
import type { OutageLog } from "./outage-log.js";

/** Limits of the write path. */
export interface WriteLimits {
  /** Longest wait for one call to the adapter, in milliseconds. */
  readonly callMs: number;
  /** How long a batch is tried before its writes reject, in milliseconds. */
  readonly totalMs: number;
  /** Characters that may wait; further writes are refused, so that memory stays bounded during an outage. */
  readonly maxWaiting: number;
}

/** What a lane writes next. */
interface Batch {
  readonly changes: Map<string, string | null>;
  readonly writers: Writer[];
  size: number;
}

/** A caller of `write`. */
interface Writer {
  resolve(): void;
  reject(error: unknown): void;
}

interface Lane {
  readonly scope: string;
  next: Batch | undefined;
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
  /** Lanes with something to write and nothing in flight, oldest first. */
  readonly #ready = new Set<Lane>();
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
  write(scope: string, changes: ReadonlyMap<string, string | null>): Promise<void> {
    const size = sizeOf(changes);
    if (this.#waiting > 0 && this.#waiting + size > this.#limits.maxWaiting) {
      return Promise.reject(this.#failure("has too many writes waiting"));
    }
    this.#waiting += size;
    const lane = this.#lane(scope);
    lane.next ??= { changes: new Map(), writers: [], size: 0 };
    const batch = lane.next;
    for (const [key, text] of changes) batch.changes.set(key, text);
    batch.size += size;
    const written = new Promise<void>((resolve, reject) => batch.writers.push({ resolve, reject }));
    if (!lane.busy) this.#makeReady(lane);
    return written;
  }

  /** Settles when no write is waiting or in flight. */
  drained(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #lane(scope: string): Lane {
    const existing = this.#lanes.get(scope);
    if (existing !== undefined) return existing;
    const lane: Lane = { scope, next: undefined, busy: false };
    this.#lanes.set(scope, lane);
    return lane;
  }

  #makeReady(lane: Lane): void {
    this.#ready.add(lane);
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
      const lanes = this.#takeLanes();
      this.#inFlight += 1;
      void this.#commitLanes(lanes).finally(() => {
        this.#inFlight -= 1;
        this.#afterCommit(lanes.map(({ lane }) => lane));
      });
    }
  }

  #takeLanes(): readonly { readonly lane: Lane; readonly batch: Batch }[] {
    const taken: { lane: Lane; batch: Batch }[] = [];
    let keys = 0;
    let size = 0;
    for (const lane of this.#ready) {
      const batch = lane.next;
      if (batch === undefined) continue;
      keys += batch.changes.size;
      size += batch.size;
      if (taken.length > 0 && (keys > MAX_SHARED_KEYS || size > MAX_SHARED_SIZE)) break;
      this.#ready.delete(lane);
      lane.next = undefined;
      lane.busy = true;
      taken.push({ lane, batch });
      if (!this.#driver.batching.coalesce) break;
    }
    return taken;
  }

  #afterCommit(lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      lane.busy = false;
      if (lane.next === undefined) this.#lanes.delete(lane.scope);
      else this.#ready.add(lane);
    }
    if (this.#ready.size > 0) this.#schedule();
    if (this.#lanes.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Never rejects: a failure rejects the writers. */
  async #commitLanes(lanes: readonly { readonly batch: Batch }[]): Promise<void> {
    const batches = lanes.map(({ batch }) => batch);
    try {
      await this.#commit(batches);
      this.#settle(batches, (writer) => writer.resolve());
    } catch (error) {
      // A bad batch of one lane must not fail the lanes that shared the call.
      if (batches.length > 1 && this.#driver.isPermanent(error)) {
        for (const batch of batches) await this.#commitLanes([{ batch }]);
        return;
      }
      const failure = isZpwootError(error)
        ? error
        : this.#failure(`did not accept a write: ${reasonOf(error)}`, error);
      this.#settle(batches, (writer) => writer.reject(failure));
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

  #settle(batches: readonly Batch[], settle: (writer: Writer) => void): void {
    for (const batch of batches) {
      this.#waiting -= batch.size;
      for (const writer of batch.writers) settle(writer);
    }
  }

  #failure(what: string, cause?: unknown): ZpwootError {
    return new ZpwootError("STORE_UNAVAILABLE", `The store ${this.#driver.description} ${what}`, { cause });
  }
}

function sizeOf(changes: ReadonlyMap<string, string | null>): number {
  let size = 0;
  for (const [key, text] of changes) size += key.length + (text?.length ?? 0);
  return size;
}
