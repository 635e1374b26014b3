/** What an outbox tells. */

/** What an outbox reports to its owner. */
export interface OutboxListener {
  /** There is something new to deliver. */
  available(): void;
  /** A queued delivery was lost to a damaged or missing record; `n` is its place in the queue. */
  unreadable(n: number): void;
  /** The state could not be read and was made again from what is queued. */
  rebuilt(): void;
  /** The oldest failed deliveries were dropped to keep within the limits. */
  dropped(count: number): void;
  /** A write failed; it is tried again if it held acknowledgements. */
  writeFailed(error: unknown): void;
}
