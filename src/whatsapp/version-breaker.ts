/**
 * A circuit breaker for the day WhatsApp refuses the client version: one session probes at a time, instead of all of them reconnecting
 * with a version that is known to be refused. It outlives the process.
 */
import { isoTime, steadyTime } from "../async/timer.js";

/** Time between two probes. */
const PROBE_INTERVAL_MS = 10 * 60_000;

/** An open breaker, as it is stored. */
export interface StoredBreaker {
  /** The version that was refused; absent when it was the library's own. */
  readonly refused?: readonly number[] | undefined;
  /** When the next attempt may be made, by the clock on the wall: ISO 8601 UTC. */
  readonly probeAt: string;
}

/** The breaker of all sessions of a manager. */
export class VersionBreaker {
  readonly #now: () => number;
  #refused: readonly number[] | undefined;
  /** Ms since the epoch; undefined while it is closed. */
  #probeAt: number | undefined;
  /** It was opened by the process before this one. */
  #restored = false;

  /** `now`: the clock for waits. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#probeAt !== undefined;
  }

  /** When the next attempt may be made, in ms since the epoch; now while it is closed. */
  get probeAt(): number {
    return this.#probeAt ?? this.#now();
  }

  /** What to store; undefined while it is closed. */
  get stored(): StoredBreaker | undefined {
    return this.#probeAt === undefined
      ? undefined
      : { refused: this.#refused, probeAt: isoTime(this.#probeAt) };
  }

  /** Opens it. Returns the time of the next probe, in ms since the epoch. */
  open(refused: readonly number[] | undefined): number {
    this.#refused = refused;
    return (this.#probeAt = this.#now() + PROBE_INTERVAL_MS);
  }

  /** Opens it as it was stored; for one interval at most, since the clock on the wall may have been set. */
  restore({ refused, probeAt }: StoredBreaker): void {
    const now = this.#now();
    const at = steadyTime(probeAt);
    this.#refused = refused;
    this.#probeAt = Number.isNaN(at) ? now : Math.min(at, now + PROBE_INTERVAL_MS);
    this.#restored = true;
  }

  /** Until when attempts wait, in ms since the epoch; undefined when one may be made: the breaker is closed, or this is the probe. */
  heldUntil(): number | undefined {
    if (this.#probeAt === undefined) return undefined;
    const now = this.#now();
    if (now < this.#probeAt) return this.#probeAt;
    this.#probeAt = now + PROBE_INTERVAL_MS;
    this.#restored = false;
    return undefined;
  }

  /** The next attempt may be made now, if the breaker is as the process before left it. */
  overrule(): void {
    if (this.#restored) this.#probeAt = Math.min(this.probeAt, this.#now());
    this.#restored = false;
  }

  /** Closes it. Returns whether it was open. */
  close(): boolean {
    const wasOpen = this.isOpen;
    this.#probeAt = undefined;
    this.#restored = false;
    return wasOpen;
  }
}
