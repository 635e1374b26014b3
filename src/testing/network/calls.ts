/** The calls of one emulator: who rings, and how each stands. */
import type { Account } from "./account.js";

/** How a call stands. */
export type CallStatus = "ringing" | "accepted" | "rejected" | "ended";

/** A call as it is now. */
export interface CallFacts {
  readonly id: string;
  /** JIDs of the accounts. */
  readonly from: string;
  readonly to: string;
  readonly video: boolean;
  readonly status: CallStatus;
}

/** A call. */
export interface Call {
  readonly id: string;
  readonly from: Account;
  readonly to: Account;
  readonly video: boolean;
  status: CallStatus;
}

const MAX_CALLS = 1000;

/** The calls so far; at most the last 1,000. */
export class Calls {
  readonly #calls = new Map<string, Call>();

  /** Adds a call. */
  add(call: Call): void {
    this.#calls.set(call.id, call);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > MAX_CALLS && oldest !== undefined) this.#calls.delete(oldest);
  }

  /** The call of an id. */
  find(id: string | undefined): Call | undefined {
    return id === undefined ? undefined : this.#calls.get(id);
  }
}

/** A call as a test sees it. */
export function callFacts({ id, from, to, video, status }: Call): CallFacts {
  return { id, from: from.jid, to: to.jid, video, status };
}
