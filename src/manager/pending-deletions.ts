/** Deletions of sessions that a crash interrupted, or damaged records hold up: each is retried by itself and holds up no other. */
import type { Logger } from "../api/logger.js";
import { backoffMs } from "../async/backoff.js";
import { messageOf } from "../errors.js";

/** Waits between two tries: damaged records need a person, and a store that is away comes back. */
const RETRY = { firstMs: 60_000, maxMs: 3_600_000 };

/** What {@link PendingDeletions} work with. */
export interface PendingDeletionsOptions {
  /** Deletes what is left of a session. Rejects with a store error and may then be called again. */
  readonly finish: (id: string) => Promise<void>;
  readonly logger: Logger;
}

/** The unfinished deletions of one manager. */
export class PendingDeletions {
  readonly #options: PendingDeletionsOptions;
  /** Of the next try, by session. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** The tries under way, by session. */
  readonly #trying = new Map<string, symbol>();
  #closed = false;

  constructor(options: PendingDeletionsOptions) {
    this.#options = options;
  }

  /** Settles when the deletion is finished or has failed once; then it is logged and retried in the background. Never rejects. */
  async finish(id: string, failures = 0): Promise<void> {
    const { finish, logger } = this.#options;
    const mark = Symbol(id);
    this.#trying.set(id, mark);
    try {
      await finish(id);
      logger.info({ sessionId: id }, "Session deleted: the deletion was interrupted earlier");
    } catch (error) {
      if (this.#closed || this.#trying.get(id) !== mark) return;
      if (failures === 0)
        logger.error(
          { sessionId: id, error: messageOf(error) },
          "A deleted session leaves records behind that can't be deleted yet; this is retried",
        );
      this.#retry(id, failures + 1);
    } finally {
      if (this.#trying.get(id) === mark) this.#trying.delete(id);
    }
  }

  /** Whether a deletion is under way, or waits for its next try. */
  has(id: string): boolean {
    return this.#trying.has(id) || this.#timers.has(id);
  }

  /** Another process goes on with a deletion: this one does not try again. */
  cancel(id: string): void {
    this.#trying.delete(id);
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** No deletion is tried again by this process. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #retry(id: string, failures: number): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(id);
        void this.finish(id, failures);
      },
      backoffMs(failures, RETRY, Math.random, 0.5),
    );
    // A deletion that waits is no reason for the process to live.
    timer.unref();
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, timer);
  }
}
