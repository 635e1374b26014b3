/** Whether a manager can do its work right now. */

/** What `SessionManager.health` returns. */
export interface Health {
  /** Whether the store answers and the event loop is in time. */
  readonly ok: boolean;
  /** Whether the store answered within two seconds. */
  readonly store: "ok" | "unavailable";
  /** How late the event loop ran a timer just now, in milliseconds; `ok` is false from 1,000. */
  readonly eventLoopLagMs: number;
}
