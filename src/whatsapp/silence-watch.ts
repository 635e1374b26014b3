/**
 * Notices a connection that is dead without a close. whaileys compares dates for that: once the clock was set back an hour, it
 * would notice nothing for an hour.
 */
import type { AddListener } from "./listeners.js";

/** After its time without a frame, a connection has so long to show one: the process itself may have been busy, or asleep. */
const GRACE_MS = 1_000;

/** How long the answer to the library's keep-alive may take, beyond the interval of the keep-alive. */
const ANSWER_MS = 10_000;
/** The interval, unless it is set. */
const KEEP_ALIVE_MS = 30_000;
/** What the libraries report for a lost connection. */
const CONNECTION_LOST = 408;

/**
 * Watches a socket from its login on. `end` is called with an error like the library's own when no frame came for the keep-alive and
 * ten seconds, and a second. Stop it with the socket.
 */
export function watchSilence(
  on: AddListener,
  keepAliveMs: number | undefined,
  end: (error: Error) => void,
): SilenceWatch {
  const watch = new SilenceWatch((keepAliveMs ?? KEEP_ALIVE_MS) + ANSWER_MS, () => end(lost()));
  on("frame", () => watch.frame());
  on("CB:success", () => watch.start());
  return watch;
}

function lost(): Error {
  return Object.assign(new Error("Connection was lost"), { output: { statusCode: CONNECTION_LOST } });
}

/** Counts the time since the last frame of one connection. */
export class SilenceWatch {
  readonly #afterMs: number;
  readonly #onSilence: () => void;
  #lastAt = 0;
  /** The last frame before the grace began. */
  #suspectedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onSilence` is called once when no frame came for `afterMs` and a second; not before {@link start}. */
  constructor(afterMs: number, onSilence: () => void) {
    this.#afterMs = afterMs;
    this.#onSilence = onSilence;
  }

  /** The connection is open: frames are expected from now on. */
  start(): void {
    this.frame();
    this.#wait(this.#afterMs);
  }

  /** A frame arrived. */
  frame(): void {
    this.#lastAt = performance.now();
  }

  /** Ends the watch. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
    this.#timer.unref();
  }

  #look(): void {
    const silentMs = performance.now() - this.#lastAt;
    if (silentMs < this.#afterMs) return this.#wait(this.#afterMs - silentMs);
    if (this.#suspectedAt === this.#lastAt) return this.#onSilence();
    this.#suspectedAt = this.#lastAt;
    this.#wait(GRACE_MS);
  }
}
