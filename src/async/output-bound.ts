/** A bound for what waits in a stream whose reader is slow, or has stalled. */
import type { Writable } from "node:stream";

/** What may wait by default, in bytes or characters, as the stream counts. */
const MAX_WAITING_OUTPUT = 1_000_000;

/** Counts what is dropped while a stream is full. A stream writes without waiting; only its memory has to be bounded. */
export class OutputBound {
  readonly #stream: Writable;
  readonly #onDrained: (dropped: number) => void;
  readonly #maxWaiting: number;
  #dropped = 0;

  /** `onDrained` is called once after each time that something was dropped, when the stream takes more, with the number. */
  constructor(
    stream: Writable,
    onDrained: (dropped: number) => void,
    maxWaiting: number = MAX_WAITING_OUTPUT,
  ) {
    this.#stream = stream;
    this.#onDrained = onDrained;
    // A stream says that it has drained only after more than its own mark waited.
    this.#maxWaiting = Math.max(maxWaiting, stream.writableHighWaterMark);
  }

  /** Whether the stream takes one more write now; if not, the write is to be dropped and is counted. Never throws. */
  takes(): boolean {
    if (this.#stream.writableLength <= this.#maxWaiting) return true;
    if (this.#dropped === 0) this.#stream.once("drain", this.#drained);
    this.#dropped += 1;
    return false;
  }

  readonly #drained = (): void => {
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#onDrained(dropped);
  };
}
