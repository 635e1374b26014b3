/** The bell of a session's loop: handlers and commands ring it, the loop waits for it. */

/** `setTimeout` takes no more; a longer wait is made of several. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** A signal that stays set until somebody has waited for it, so that no ring between two waits is lost. */
export class WakeSignal {
  #rung = false;
  #resolve: (() => void) | undefined;

  /** Ends the present wait, or the next one at once. */
  ring(): void {
    this.#rung = true;
    this.#resolve?.();
  }

  /** Settles at the next ring, or after the given milliseconds. One waiter at a time. */
  async wait(timeoutMs = Infinity): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.#rung && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        if (timeoutMs !== Infinity) timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMEOUT_MS));
      });
    }
    clearTimeout(timer);
    this.#resolve = undefined;
    this.#rung = false;
  }
}
