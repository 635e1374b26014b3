/** A call, operated by a test. */
import type { Account } from "./network/account.js";
import { changeCall } from "./network/call-changes.js";
import { callFacts, type Call, type CallFacts, type CallStatus } from "./network/calls.js";
import type { Network } from "./network/network.js";

/**
 * A call that a phone makes. Made by `VirtualPhone.call`. Linked clients of both sides learn of each step; a client that refuses it
 * (`rejectCall`) changes its {@link status}.
 *
 * @example
 * ```ts
 * const call = customer.call(owner, { video: true });
 * await emulator.waitFor("call", ({ id, status }) => id === call.id && status === "rejected");
 * ```
 */
export class VirtualCall {
  readonly #network: Network;
  readonly #call: Call;

  /** @internal */
  constructor(network: Network, call: Call) {
    this.#network = network;
    this.#call = call;
  }

  /** The id that clients know it by. */
  get id(): string {
    return this.#call.id;
  }

  /** How it stands now. */
  get status(): CallStatus {
    return this.#call.status;
  }

  /** Everything about it, now. */
  get facts(): CallFacts {
    return callFacts(this.#call);
  }

  /** The called phone answers. Returns false when the call is over. */
  accept(): boolean {
    return this.#change(this.#call.to, "accept");
  }

  /** The called phone refuses. Returns false when the call is over. */
  reject(): boolean {
    return this.#change(this.#call.to, "reject");
  }

  /** The caller ends it; `timeout`: because nobody answered. Returns false when the call is over. */
  end(reason?: "timeout"): boolean {
    return this.#change(this.#call.from, "terminate", reason);
  }

  #change(by: Account, change: "accept" | "reject" | "terminate", reason?: string): boolean {
    return changeCall(this.#network, this.#call, by, change, reason);
  }
}
