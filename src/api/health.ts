/** Whether a manager can do its work right now. */

/** What `health()` gives. */
export interface Health {
  /** Everything below is well. */
  readonly ok: boolean;
  readonly store: "ok" | "unavailable";
  /** How late the event loop ran a timer just now, in milliseconds; over a second nothing works as it should. */
  readonly eventLoopLagMs: number;
}
