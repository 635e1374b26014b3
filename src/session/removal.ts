/** A logout or a deletion under way: one per session, joined by whoever asks again. */
import type { LogoutResult } from "../api/session-info.js";

/** `logout` keeps the session, `delete` does not. */
export type RemovalKind = "logout" | "delete";

/** The pending removal and its result. */
export class Removal {
  readonly result: Promise<LogoutResult>;
  resolve!: (result: LogoutResult) => void;
  reject!: (error: unknown) => void;

  constructor(readonly kind: RemovalKind) {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever asked awaits it; if nobody does any more, the failure was still reported by the session's state.
    this.result.catch(() => {});
  }
}
