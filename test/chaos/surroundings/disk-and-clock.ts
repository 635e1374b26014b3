/** The parts of an engine process's surroundings that are in the process itself: a store that refuses or hangs, and the clock. */
import { MemoryAdapter } from "../../../src/store/drivers/memory-adapter.js";

/** How the store's disk does. */
export type HowDisk = "works" | "refuses" | "hangs";

/** A storage adapter in memory whose disk fails on command. */
class FailingDisk extends MemoryAdapter {
  #how: HowDisk = "works";
  readonly #waiting = new Set<() => void>();

  /** From now on; what hung goes on when it works again. */
  become(how: HowDisk): void {
    this.#how = how;
    if (how === "hangs") return;
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  override async get(key: string): Promise<string | undefined> {
    await this.#turn();
    return super.get(key);
  }

  override async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    await this.#turn();
    return super.getMany(keys);
  }

  override async set(key: string, value: string): Promise<void> {
    await this.#turn();
    return super.set(key, value);
  }

  override async delete(key: string): Promise<boolean> {
    await this.#turn();
    return super.delete(key);
  }

  override async applyBatch(...args: Parameters<MemoryAdapter["applyBatch"]>): Promise<void> {
    await this.#turn();
    return super.applyBatch(...args);
  }

  async #turn(): Promise<void> {
    if (this.#how === "hangs") await new Promise<void>((resolve) => this.#waiting.add(resolve));
    if (this.#how === "refuses") throw new Error("the disk refuses");
  }
}

/** The store of the rows about a disk; each row has a new one. */
export const DISK = { present: new FailingDisk() };

/** A disk that works, and has nothing on it. */
export function newDisk(): FailingDisk {
  DISK.present = new FailingDisk();
  return DISK.present;
}

const TrueDate = Date;

/** Sets the clock of the process, as an NTP step or a machine that resumes does; `performance.now()` goes on. */
export function setClock(aheadMs: number): void {
  const now = (): number => TrueDate.now() + aheadMs;
  globalThis.Date = class extends TrueDate {
    constructor(...args: []) {
      super(...((args.length === 0 ? [now()] : args) as []));
    }

    static override now(): number {
      return now();
    }
  } as DateConstructor;
  if (aheadMs === 0) globalThis.Date = TrueDate;
}
