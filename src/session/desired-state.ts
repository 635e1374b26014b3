/** What the owner wants of a session, and when its next connection attempt is due. */

/** The desired state as it was at one moment. */
export type Wanted = Pick<DesiredState, "desired" | "nextAt" | "attemptRequested">;

/** The desired state of one session. Changed by commands and by what follows a close; read by the loop. */
export class DesiredState {
  #desired: "online" | "offline" = "offline";
  #nextAt = Infinity;
  #attemptRequested = false;

  get desired(): "online" | "offline" {
    return this.#desired;
  }

  /** When the next attempt is due, ms since the epoch; Infinity while only a command can start one. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** A command requested an attempt that has not started yet. Only another command takes that back. */
  get attemptRequested(): boolean {
    return this.#attemptRequested;
  }

  /** What is wanted now, for {@link wantAgain}. */
  get wanted(): Wanted {
    return { desired: this.#desired, nextAt: this.#nextAt, attemptRequested: this.#attemptRequested };
  }

  /** Wants what was wanted before. */
  wantAgain({ desired, nextAt, attemptRequested }: Wanted): void {
    this.#desired = desired;
    this.#nextAt = nextAt;
    this.#attemptRequested = attemptRequested;
  }

  wantOnline(): void {
    this.#desired = "online";
  }

  wantOffline(): void {
    this.#desired = "offline";
    this.#attemptRequested = false;
    this.#nextAt = Infinity;
  }

  /** A command requests an attempt: it is due at once. */
  requestAttempt(): void {
    this.#attemptRequested = true;
    this.#nextAt = 0;
  }

  /** The attempt that was due started, or was refused. */
  attemptStarted(): void {
    this.#attemptRequested = false;
    this.#nextAt = Infinity;
  }

  /** The next attempt is due at once, without a command. */
  retryNow(): void {
    this.#nextAt = 0;
  }

  /** The next attempt is due at the given time. Returns false, and changes nothing, when a command has decided otherwise meanwhile. */
  retryAt(time: number): boolean {
    if (this.#desired === "offline" || this.#attemptRequested) return false;
    this.#nextAt = time;
    return true;
  }

  /** No attempt before `until`, ms since the epoch; without it, none until a command. The session stays wanted. */
  pause(until = Infinity): void {
    this.#nextAt = this.#attemptRequested ? 0 : until;
  }

  /** No attempt until a command, and none after a restart of the process either. Returns what is wanted now. */
  pauseOffline(): "online" | "offline" {
    if (!this.#attemptRequested) this.#desired = "offline";
    this.pause();
    return this.#desired;
  }
}
