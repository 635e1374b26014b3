/** How long a session goes on offering to be linked after one `connect`, counted over every connection that this `connect` opens. */

/** Limits of one `connect`; Infinity for none of our own. */
export interface LinkLimits {
  /** QR codes to show. */
  readonly maxQrs: number;
  readonly timeoutMs: number;
}

/** What is left of the limits of one session. A command that connects starts them again. */
export class LinkingLimits {
  readonly #now: () => number;
  #qrsLeft = Infinity;
  #endsAt = Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Starts counting. */
  start({ maxQrs, timeoutMs }: LinkLimits): void {
    this.#qrsLeft = maxQrs;
    this.#endsAt = this.#now() + timeoutMs;
  }

  /** QR codes that may still be shown. */
  get qrsLeft(): number {
    return this.#qrsLeft;
  }

  /** When the offer to link ends: ms since the epoch, Infinity for never. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** Takes one QR code; returns false when none is left. */
  takeQR(): boolean {
    if (this.#qrsLeft <= 0) return false;
    this.#qrsLeft -= 1;
    return true;
  }
}
