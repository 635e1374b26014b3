/** How long a session goes on offering to be linked after one `connect`, over all the connections that leads to. */

/** Bounds; Infinity for none of our own. */
export interface LinkLimits {
  readonly maxQrs: number;
  readonly timeoutMs: number;
}

/** The budget of one session. Begun by each command that connects. */
export class LinkingLimits {
  readonly #now: () => number;
  #qrsLeft = Infinity;
  #endsAt = Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  begin({ maxQrs, timeoutMs }: LinkLimits): void {
    this.#qrsLeft = maxQrs;
    this.#endsAt = this.#now() + timeoutMs;
  }

  /** QR codes that may still be shown. */
  get qrsLeft(): number {
    return this.#qrsLeft;
  }

  /** When linking is given up: ms since the epoch, Infinity for never. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** Takes one QR code; false when there is none left. */
  takeQR(): boolean {
    if (this.#qrsLeft <= 0) return false;
    this.#qrsLeft -= 1;
    return true;
  }
}
