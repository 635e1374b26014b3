/** The sessions of a log that another process runs now, for a while. */

/** How long they are remembered. */
const LEFT_MS = 120_000;

/** See the head of this file. */
export class LeftSessions {
  readonly #onOver: (sessionId: string) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** `onOver`: the time of one is over, and it has not come back. */
  constructor(onOver: (sessionId: string) => void) {
    this.#onOver = onOver;
  }

  has(sessionId: string): boolean {
    return this.#timers.has(sessionId);
  }

  add(sessionId: string): void {
    this.delete(sessionId);
    const over = setTimeout(() => {
      this.#timers.delete(sessionId);
      this.#onOver(sessionId);
    }, LEFT_MS).unref();
    this.#timers.set(sessionId, over);
  }

  /** It has come back, or is gone altogether. */
  delete(sessionId: string): void {
    clearTimeout(this.#timers.get(sessionId));
    this.#timers.delete(sessionId);
  }
}
