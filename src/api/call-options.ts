/** The last argument of every call that asks WhatsApp something over a session's connection. */

/** What ends a call that waits for WhatsApp. */
export interface CallOptions {
  /** Ends the wait with `ABORTED`. What was sent to WhatsApp by then may still be carried out. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait with `TIMEOUT`, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number | undefined;
}
