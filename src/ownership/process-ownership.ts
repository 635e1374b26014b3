/**
 * One process owns all sessions of a store. The store itself refuses the writes of an owner of before: each carries the text of
 * the owner's record as a condition.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnershipState } from "../api/health.js";
import type { Logger } from "../api/logger.js";
import { waitFor } from "../async/deadline.js";
import { once } from "../async/once.js";
import { steadyNow } from "../async/timer.js";
import { messageOf, ZpwootError } from "../errors.js";
import type { Change } from "../store/drivers/driver.js";
import type { Fence } from "../store/fence.js";
import type { Store } from "../store/store.js";
import { Lease, OWNERSHIP_TIMES, type OwnershipTimes } from "./lease.js";
import { inUse, type OwnerRecord, takenOver, unconfirmed } from "./owner-record.js";
import { OwnerStore, type Obstacle, type Written } from "./owner-store.js";
import type { ClaimOptions, Ownership, OwnershipListener } from "./ownership.js";
import { enterOwner } from "./process-place.js";

/** Between two looks at an owner that stands in the way. */
const LOOK_MS = 200;

/** How long the store may take to confirm; without an answer nothing is known to be lost. */
const CONFIRM_MS = 5_000;

/** What an ownership is made with. */
export interface ProcessOwnershipOptions {
  readonly store: Store;
  readonly listener: OwnershipListener;
  readonly logger: Logger;
  /** Default {@link OWNERSHIP_TIMES}. */
  readonly times?: OwnershipTimes;
}

/** The ownership of all sessions of a store by this process. */
export class ProcessOwnership implements Ownership, Fence {
  readonly ownerId = randomUUID();
  readonly #options: ProcessOwnershipOptions;
  readonly #times: OwnershipTimes;
  readonly #records: OwnerStore;
  readonly #lease: Lease;
  readonly #takeOnce = once(() => this.#take(), { again: "settled" });
  readonly #raiseOnce = once(() => this.#raise(), { again: "settled" });
  readonly #ended = new AbortController();
  #written: Written | undefined;
  /** Who stood in the way of the last claim. */
  #obstacle: Obstacle | undefined;
  #lost: ZpwootError | undefined;
  #expired = false;
  /** How long this process did nothing when it should have asked the store, in milliseconds. */
  #heldUpMs = 0;
  #leave = (): void => {};

  constructor(options: ProcessOwnershipOptions) {
    this.#options = options;
    this.#times = options.times ?? OWNERSHIP_TIMES;
    this.#records = new OwnerStore(options.store, this.ownerId, this.#times.leaseMs);
    this.#lease = new Lease(this.#times, () => this.#expire());
  }

  get refusal(): ZpwootError | undefined {
    if (this.#lost !== undefined) return this.#lost;
    return this.#lease.valid ? undefined : this.#unconfirmed();
  }

  get state(): OwnershipState {
    if (this.#lost !== undefined || this.#obstacle !== undefined) return "elsewhere";
    if (this.#written === undefined) return "unclaimed";
    return this.#lease.valid ? "owned" : "unconfirmed";
  }

  async claim({ wait, signal }: ClaimOptions): Promise<void> {
    const { store, logger } = this.#options;
    for (let looks = 0; ; looks += 1) {
      if (this.#lost !== undefined) throw this.#lost;
      if (this.#written !== undefined) return;
      if (signal.aborted || this.#ended.signal.aborted) throw stopped();
      const obstacle = await this.#takeOnce();
      if (obstacle === undefined) continue;
      const { pid, host, since } = obstacle.owner;
      if (!wait && obstacle.standing === "alive") throw inUse(store.description, obstacle.owner);
      if (looks === 0)
        logger.info(
          { store: store.description, pid, host, since },
          "Waiting for the process that runs the sessions of the store to leave",
        );
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  async confirm(): Promise<boolean> {
    await waitFor(
      this.#assert().catch(() => {}),
      { timeoutMs: CONFIRM_MS },
    );
    return this.#lost === undefined;
  }

  async release(): Promise<void> {
    this.#ended.abort();
    this.#lease.end();
    this.#leave();
    if (this.#written === undefined || this.#lost !== undefined) return;
    await this.#records.leave(this.#written.owner).catch((error: unknown) => {
      const fields = { error: messageOf(error) };
      this.#options.logger.warn(
        fields,
        "The store was not told that it is free: the next process may wait 10 s",
      );
    });
  }

  conditionsOf(): readonly Change[] {
    if (this.#lost !== undefined) throw this.#lost;
    return this.#written?.fence ?? [];
  }

  async refused(): Promise<"retry" | Error> {
    try {
      await this.#assert();
      return "retry";
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  async givenUp(): Promise<void> {
    await this.#raiseOnce();
  }

  /** One try to become the owner. Returns what stands in the way. */
  async #take(): Promise<Obstacle | undefined> {
    const { store, logger } = this.#options;
    const askedAt = steadyNow();
    const taken = await this.#records.take();
    this.#obstacle = "standing" in taken ? taken : undefined;
    if ("standing" in taken) return taken;
    this.#leave = enterOwner(this.ownerId);
    this.#written = taken;
    store.setFence(this);
    this.#lease.confirmed(askedAt);
    void this.#renewals();
    const fields = { store: store.description, epoch: taken.owner.epoch };
    logger.info(fields, "This process runs the sessions of the store");
    return undefined;
  }

  /** Until it is released or lost. Never rejects. */
  async #renewals(): Promise<void> {
    const { signal } = this.#ended;
    let failed = false;
    while (!signal.aborted && this.#lost === undefined) {
      // Soon, when the store did not answer; at once, when the last renewal took longer than the lease.
      if (this.#lease.valid && !failed) {
        const waitMs = this.#lease.renewInMs;
        const dueAt = steadyNow() + waitMs;
        await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
        this.#heldUpMs = steadyNow() - dueAt;
      }
      if (!signal.aborted) failed = !(await this.#renew(failed));
    }
  }

  /** Settles with whether the store confirmed it. `again`: whether it did not the last time, which was said then. */
  async #renew(again: boolean): Promise<boolean> {
    const { store, logger } = this.#options;
    const askedAt = steadyNow();
    try {
      if (!store.fences) await this.#assert();
      await this.#records.renew();
      this.#confirmed(askedAt);
      return true;
    } catch (error) {
      if (this.#ended.signal.aborted || this.#lost !== undefined) return false;
      const fields = { error: messageOf(error) };
      if (!again) logger.warn(fields, "The store did not confirm that this process runs its sessions");
      await sleep(LOOK_MS, undefined, { ref: false });
      return false;
    }
  }

  #confirmed(askedAt: number): void {
    this.#lease.confirmed(askedAt);
    if (!this.#expired || !this.#lease.valid || this.#ended.signal.aborted) return;
    this.#expired = false;
    this.#options.logger.info({}, "The store confirms again that this process runs its sessions");
    this.#options.listener.onConfirmed();
  }

  #expire(): void {
    if (this.#lost !== undefined || this.#ended.signal.aborted) return;
    this.#expired = true;
    const error = this.#unconfirmed();
    this.#options.logger.error({}, error.message);
    this.#options.listener.onExpired(error);
  }

  #unconfirmed(): ZpwootError {
    return unconfirmed(
      this.#options.store.description,
      this.#heldUpMs > this.#times.renewMs ? this.#heldUpMs : 0,
    );
  }

  /** Settles when the store says that this process owns it; rejects with the error of the loss, or `STORE_UNAVAILABLE`. */
  async #assert(): Promise<void> {
    const { epoch } = this.#mine(await this.#records.look());
    // Another epoch: a call that raised it was taken for failed.
    if (epoch !== this.#written?.owner.epoch) await this.#raiseOnce();
  }

  /** Raises the epoch, so that no call of before can be applied. Rejects like {@link #assert}. */
  async #raise(): Promise<void> {
    this.#written = await this.#records.replace((found) => {
      const owner = this.#mine(found);
      return { ...owner, epoch: owner.epoch + 1 };
    });
  }

  #mine(owner: OwnerRecord | undefined): OwnerRecord {
    if (owner?.ownerId !== this.ownerId) throw this.#lose(owner);
    if (owner.released === true) throw stopped();
    return owner;
  }

  #lose(owner: OwnerRecord | undefined): ZpwootError {
    if (this.#lost !== undefined) return this.#lost;
    const error = takenOver(this.#options.store.description, owner);
    this.#lost = error;
    this.#lease.end();
    this.#leave();
    this.#options.listener.onLost(error);
    return error;
  }
}

function stopped(): ZpwootError {
  return new ZpwootError("STOPPED", "The session manager was stopped");
}
