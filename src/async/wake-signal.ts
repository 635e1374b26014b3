/** What a loop waits for: commands and handlers wake it, each with a reason. */
import { MAX_TIMER_MS } from "./timer.js";

/** A signal that stays set until the loop has waited for it, so that no wake between two waits is lost. */
export class WakeSignal<Reason extends string = string> {
  #reason: Reason | undefined;
  #set = false;
  #resolve: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

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
  wait(timeoutMs = Infinity): Promise<Reason | undefined> {
    if (this.#set || timeoutMs <= 0) return Promise.resolve(this.#taken());
    return new Promise<void>((resolve) => {
      this.#resolve = resolve;
      if (timeoutMs !== Infinity) this.#timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS));
    }).then(() => this.#taken());
  }

  #taken(): Reason | undefined {
    clearTimeout(this.#timer);
    const reason = this.#reason;
    this.#timer = undefined;
    this.#resolve = undefined;
    this.#reason = undefined;
    this.#set = false;
    return reason;
  }
}
