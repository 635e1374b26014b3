/**
 * Notices a connection that is open and deaf: messages come in, and the library makes no events of them; or it holds events back and never
 * lets go of them. A quiet connection is not deaf: without something that waits, nothing is timed.
 */
import type { DegradedReason } from "../api/events.js";
import { LazySet } from "../async/lazy-collections.js";

/** Events that a library may hold back; those of messages are taken when it emits them. */
const HELD_BACK: ReadonlySet<string> = new Set([
  "messaging-history.set",
  "chats.upsert",
  "chats.update",
  "chats.delete",
  "contacts.upsert",
  "contacts.update",
  "groups.update",
]);

/** What was noticed. */
export interface Deafness {
  readonly reason: DegradedReason;
  /** Messages that came, and are neither an event nor acknowledged. */
  readonly waitingMessages: number;
  /** Kinds of events that the library holds back. */
  readonly heldEvents: readonly string[];
  /** For how long nothing has moved, in milliseconds. */
  readonly forMs: number;
}

/** The same, with so many kinds of events that were held back and are handed out now. */
export interface HandledDeafness extends Deafness {
  readonly handedOut: number;
}

/** What a {@link DeafnessWatch} needs. */
export interface DeafnessWatchOptions {
  /** How long something may wait, in milliseconds. Longer than a library waits for an answer of WhatsApp's. */
  readonly timeoutMs: number;
  /** Called when something has waited for so long. Must not throw. */
  readonly onDeaf: (found: Deafness) => void;
}

/** Watches one connection. */
export class DeafnessWatch {
  readonly #options: DeafnessWatchOptions;
  /** The attributes of the stanzas. */
  readonly #waiting = new LazySet<object>();
  readonly #held = new LazySet<string>();
  /** Since when nothing has moved, by what waits. */
  #messagesSince = 0;
  #heldSince = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: DeafnessWatchOptions) {
    this.#options = options;
  }

  /** A message came. */
  came(stanza: object): void {
    if (this.#waiting.size === 0) this.#messagesSince = performance.now();
    this.#waiting.add(stanza);
    this.#start();
  }

  /** It became an event, or is acknowledged. Undefined: one of them. */
  done(stanza: object | undefined): void {
    if (stanza === undefined || this.#waiting.delete(stanza)) this.#messagesSince = performance.now();
  }

  /** The library has emitted an event; it may hold it back. */
  emitted(name: string): void {
    if (!HELD_BACK.has(name)) return;
    if (this.#held.size === 0) this.#heldSince = performance.now();
    this.#held.add(name);
    this.#start();
  }

  /** An event came out of the library, and with it everything that it has held back. */
  handedOut(name: string): void {
    if (HELD_BACK.has(name)) this.#held.clear();
  }

  /** Ends the watch. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #start(): void {
    if (this.#timer === undefined && !this.#closed) this.#wait(this.#options.timeoutMs);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    const leftMs = this.#leftMs();
    if (leftMs === undefined) return;
    if (leftMs > 0) return this.#wait(leftMs);
    // The process itself may have been busy: what it has received is handled in this turn.
    setImmediate(() => {
      const left = this.#leftMs();
      if (left === undefined || this.#closed) return;
      if (left > 0) this.#wait(left);
      else this.#report();
    });
  }

  /** How long what waits may still wait; undefined when nothing does. */
  #leftMs(): number | undefined {
    const { timeoutMs } = this.#options;
    const since = [
      ...(this.#waiting.size > 0 ? [this.#messagesSince] : []),
      ...(this.#held.size > 0 ? [this.#heldSince] : []),
    ];
    return since.length === 0 ? undefined : Math.min(...since) + timeoutMs - performance.now();
  }

  #report(): void {
    const now = performance.now();
    const areDeaf = this.#waiting.size > 0 && now - this.#messagesSince >= this.#options.timeoutMs;
    const since = areDeaf ? this.#messagesSince : this.#heldSince;
    const found: Deafness = {
      reason: areDeaf ? "no-events" : "events-held",
      waitingMessages: this.#waiting.size,
      heldEvents: [...this.#held],
      forMs: Math.round(now - since),
    };
    // Each is reported once.
    this.#waiting.clear();
    this.#held.clear();
    this.#options.onDeaf(found);
  }
}
