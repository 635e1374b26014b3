/** How long sessions take from `connecting` to `connected`. */
import type { SessionStatus } from "../api/session-info.js";

/** Remembers when each session started to connect. */
export class OpenTimer {
  readonly #startedAt = new Map<string, number>();

  /** Records a change of status at a time in milliseconds. Returns the seconds it took when the session has just opened. */
  moved(sessionId: string, to: SessionStatus, now: number): number | undefined {
    const startedAt = this.#startedAt.get(sessionId);
    if (to === "connecting") {
      if (startedAt === undefined) this.#startedAt.set(sessionId, now);
      return undefined;
    }
    this.#startedAt.delete(sessionId);
    return to === "connected" && startedAt !== undefined ? (now - startedAt) / 1_000 : undefined;
  }

  /** Forgets a deleted session. */
  forget(sessionId: string): void {
    this.#startedAt.delete(sessionId);
  }
}
