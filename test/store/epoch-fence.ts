/** The least that a fence can be: one record with an epoch, raised by who claims. */
import type { Fence } from "../../src/store/fence.js";
import type { Change } from "../../src/store/drivers/driver.js";
import type { Store } from "../../src/store/store.js";

const OWNER = "wa/owner";

/** An owner of a store. */
export class EpochFence implements Fence {
  readonly #store: Store;
  readonly #name: string;
  #held: readonly Change[] = [];
  /** How often the epoch was raised because a call had been given up. */
  raised = 0;
  /** How often a write was refused. */
  refusals = 0;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** Owns from now on: what others send is refused. */
  async claim(): Promise<void> {
    await this.#raise();
    this.#store.setFence(this);
  }

  /** Raises the epoch, but goes on with the one of before until a write is refused. */
  async raiseUnnoticed(): Promise<void> {
    const before = this.#held;
    await this.#raise();
    const now = this.#held;
    this.#held = before;
    this.refused = async () => {
      this.refusals += 1;
      this.#held = now;
      return "retry";
    };
  }

  conditionsOf(): readonly Change[] {
    return this.#held;
  }

  refused: () => Promise<"retry" | Error> = async () => {
    this.refusals += 1;
    return new Error(`${this.#name} owns the store no more`);
  };

  async givenUp(): Promise<void> {
    this.raised += 1;
    await this.#raise();
  }

  async #raise(): Promise<void> {
    this.#held = await this.#store.change("wa/owner", [OWNER], (stored) => {
      const { epoch = 0 } = (stored.get(OWNER) ?? {}) as { readonly epoch?: number };
      return new Map([[OWNER, { epoch: epoch + 1, name: this.#name }]]);
    });
  }
}
