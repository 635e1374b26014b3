/** A bound for what many pieces of work hold in memory together. */
import { waitFor } from "./deadline.js";

interface Waiter {
  readonly share: BudgetShare;
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * So many bytes at once, counted as they come: what is only announced takes no room. When there is none left all work waits but the
 * oldest, which goes on beyond the bound: work that waits while it holds room would otherwise wait for ever for others that do the same.
 */
export class ByteBudget {
  readonly #totalBytes: number;
  /** Oldest first. */
  readonly #shares = new Map<BudgetShare, number>();
  readonly #waiting = new Set<Waiter>();
  #usedBytes = 0;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /** How much is held now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A share for one piece of work. Release it. */
  open(): BudgetShare {
    const share: BudgetShare = {
      take: (bytes, timeoutMs) => this.#take(share, bytes, timeoutMs),
      release: () => this.#release(share),
    };
    this.#shares.set(share, 0);
    return share;
  }

  async #take(share: BudgetShare, bytes: number, timeoutMs: number): Promise<boolean> {
    let waiter: Waiter | undefined;
    const granted = new Promise<void>((grant) => {
      waiter = { share, bytes, grant };
      this.#waiting.add(waiter);
      this.#serve();
    });
    const { by } = await waitFor(granted, { timeoutMs });
    if (waiter !== undefined) this.#waiting.delete(waiter);
    return by === "value";
  }

  #release(share: BudgetShare): void {
    this.#usedBytes -= this.#shares.get(share) ?? 0;
    this.#shares.delete(share);
    this.#serve();
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      const { share, bytes, grant } = waiter;
      const held = this.#shares.get(share) ?? 0;
      const [oldest] = this.#shares.keys();
      if (share !== oldest && this.#usedBytes + bytes > this.#totalBytes) continue;
      this.#waiting.delete(waiter);
      if (this.#shares.has(share)) {
        this.#usedBytes += bytes;
        this.#shares.set(share, held + bytes);
      }
      grant();
    }
  }
}

/** What one piece of work holds of a {@link ByteBudget}. */
export interface BudgetShare {
  /** Takes more, as soon as there is room. Settles with false, and takes nothing, when the time in milliseconds is over. */
  take(bytes: number, timeoutMs: number): Promise<boolean>;
  /** Gives everything back. Idempotent. */
  release(): void;
}
