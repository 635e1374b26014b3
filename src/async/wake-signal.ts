/** What a loop waits for: commands and handlers wake it, each with a reason. */
import { MAX_TIMER_MS } from "./timer.js";

/** A signal that stays set until the loop has waited for it, so that no wake between two waits is lost. */
export class WakeSignal<Reason extends string = string> {
  #reason: Reason | undefined;
  #set = false;
  #resolve: (() => void) | undefined;

  /** Ends the present wait, or the next one at once. Of several reasons the first is kept. */
  wake(reason?: Reason): void {
    if (!this.#set) this.#reason = reason;
    this.#set = true;
    this.#resolve?.();
  }

  /**
   * Settles at the next wake, with its reason, or after the given milliseconds, with `undefined`. A wait of more than 24.8 days
   * may end early: the loop looks and waits again. One waiter at a time.
   */
  async wait(timeoutMs = Infinity): Promise<Reason | undefined> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.#set && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        if (timeoutMs !== Infinity) timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS));
      });
    }
    clearTimeout(timer);
    const reason = this.#reason;
    this.#resolve = undefined;
    this.#reason = undefined;
    this.#set = false;
    return reason;
  }
}
