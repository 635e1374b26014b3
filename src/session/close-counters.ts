/** How often in a row attempts and each kind of close came: what the close policy counts. */
import type { CloseContext } from "./close-policy.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";

/** The counts of one session. A command resets them, and so does a connection that was stable. */
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

  /** An attempt starts. */
  countAttempt(): void {
    this.#attempts += 1;
  }

  /** WhatsApp asked for the attempt that follows: the one that ended does not count. */
  discountAttempt(): void {
    this.#attempts -= 1;
  }

  /** Counts a close. `wasOpen`: the connection had been open, so a restart it asked for starts a new row. */
  countClose(signal: CloseSignal, wasOpen: boolean): void {
    if (wasOpen) this.#restarts = 0;
    // The same numbers from a proxy at the upgrade are not WhatsApp's verdict.
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
  context(): Pick<CloseContext, "attempt" | "restarts" | "replacements" | "badSessions" | "outdated"> {
    return {
      attempt: this.#attempts,
      restarts: this.#restarts,
      replacements: this.#replacements,
      badSessions: this.#badSessions,
      outdated: this.#outdated,
    };
  }
}
