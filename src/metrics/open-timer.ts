/** How long sessions take from `connecting` to `connected`. */
import type { SessionStatus } from "../api/session-info.js";

/** Remembers when each session began to connect. */
export class OpenTimer {
  readonly #begun = new Map<string, number>();

  /** Takes a change of status, at a time in milliseconds. Gives the seconds it took when the session has just opened. */
  moved(sessionId: string, to: SessionStatus, now: number): number | undefined {
    const begun = this.#begun.get(sessionId);
    if (to === "connecting") {
      if (begun === undefined) this.#begun.set(sessionId, now);
      return undefined;
    }
    this.#begun.delete(sessionId);
    return to === "connected" && begun !== undefined ? (now - begun) / 1_000 : undefined;
  }

  /** The session is gone. */
  forget(sessionId: string): void {
    this.#begun.delete(sessionId);
  }
}
