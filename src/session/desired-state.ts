/** What the owner wants of a session, and when its next attempt is due. */

/** One session's. Changed by commands and by what follows a close; read by the loop. */
export class DesiredState {
  #desired: "online" | "offline" = "offline";
  #nextAt = Infinity;
  #commanded = false;

  get desired(): "online" | "offline" {
    return this.#desired;
  }

  /** When the next attempt is due, ms since the epoch; Infinity while only a command can start one. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** A command asked for an attempt that has not begun yet; nothing but another command takes that back. */
  get commanded(): boolean {
    return this.#commanded;
  }

  wantOnline(): void {
    this.#desired = "online";
  }

  wantOffline(): void {
    this.#desired = "offline";
    this.#commanded = false;
    this.#nextAt = Infinity;
  }

  /** Somebody asked for an attempt. */
  command(): void {
    this.#commanded = true;
    this.#nextAt = 0;
  }

  /** An attempt begins, or the command that asked for one was answered otherwise. */
  answered(): void {
    this.#commanded = false;
    this.#nextAt = Infinity;
  }

  /** Another attempt at once, without a command. */
  soon(): void {
    this.#nextAt = 0;
  }

  /** Another attempt then; false when a command has decided otherwise meanwhile. */
  at(time: number): boolean {
    if (this.#desired === "offline" || this.#commanded) return false;
    this.#nextAt = time;
    return true;
  }

  /** No attempt until a command, or until `time`; the wish stays. */
  rest(time = Infinity): void {
    this.#nextAt = this.#commanded ? 0 : time;
  }

  /** No attempt until a command, and none after a restart of the process either. Gives what is wanted now. */
  restOffline(): "online" | "offline" {
    if (!this.#commanded) this.#desired = "offline";
    this.rest();
    return this.#desired;
  }
}
