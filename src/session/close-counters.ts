/** How often in a row each verdict of WhatsApp's came; what the close policy counts. */
import type { CloseContext } from "./close-policy.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";

/** The counts of one session. All begin anew with a command, and after a connection that was stable. */
export class CloseCounters {
  #attempts = 0;
  #restarts = 0;
  #replacements = 0;
  #badSessions = 0;
  #outdated = 0;

  /** Attempts in a row, the present one included. */
  get attempts(): number {
    return this.#attempts;
  }

  /** A new attempt begins. */
  attempt(): void {
    this.#attempts += 1;
  }

  /** The attempt that ended was WhatsApp's wish: it does not count. */
  uncount(): void {
    this.#attempts -= 1;
  }

  /** Counts a close. `opened`: the connection had been open, so a restart it asked for is not one more in a row. */
  close(signal: CloseSignal, opened: boolean): void {
    if (opened) this.#restarts = 0;
    // The same numbers from a proxy at the upgrade are no verdict.
    const code = signal.verdict ? signal.code : undefined;
    if (code === 515) this.#restarts += 1;
    if (code === 440) this.#replacements += 1;
    if (code === 405) this.#outdated += 1;
    this.#badSessions = code === 500 ? this.#badSessions + 1 : 0;
  }

  reset(): void {
    this.#attempts = 0;
    this.#restarts = 0;
    this.#replacements = 0;
    this.#badSessions = 0;
    this.#outdated = 0;
  }

  /** The counts as the close policy takes them. */
  context(): Omit<CloseContext, "linked" | "confirmed" | "maxAttempts"> {
    return {
      attempt: this.#attempts,
      restarts: this.#restarts,
      replacements: this.#replacements,
      badSessions: this.#badSessions,
      outdated: this.#outdated,
    };
  }
}
