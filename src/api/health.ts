/** Whether a manager can do its work right now. */

/** Who runs the sessions of a store. See {@link Health}. */
export type OwnershipState = "unclaimed" | "owned" | "unconfirmed" | "elsewhere";

/** What `SessionManager.health` returns. */
export interface Health {
  /** Whether the store answers and takes writes, no other process runs the sessions, and the event loop is in time. */
  readonly ok: boolean;
  /** Whether the store answered within two seconds, and took the last write: `unavailable` also while it is full or read-only. */
  readonly store: "ok" | "unavailable";
  /**
   * Whether this process runs the sessions of the store: `owned`; `unclaimed` before `start()` and the first command; `unconfirmed` while the
   * store does not confirm it, with all connections closed; `elsewhere` while another process does, or has taken over.
   */
  readonly ownership: OwnershipState;
  /** How late the event loop ran a timer just now, in milliseconds; `ok` is false from 1,000. */
  readonly eventLoopLagMs: number;
  /**
   * How many sessions are at rest because another process uses their credentials (`detail.state` is `conflict`). `ok` does not depend
   * on it: requests can be served, and one of them is the `connect` that ends a conflict.
   */
  readonly conflicts: number;
}
