/** The turns of one session in the store's queue: its key list must not be read or changed by two at once. */
import { ZpwootError } from "../../errors.js";
import type { Store, Turn } from "../store.js";

/** See the head of this file. */
export class SpaceTurns {
  readonly #store: Store;
  readonly #sessionId: string;
  readonly #forget: () => void;
  /** A write has failed that may be applied yet, or was: what is stored is not known. */
  #isUncertain = false;
  #abandoned = false;

  /** `forget`: drops what is in memory of the key list. */
  constructor(store: Store, sessionId: string, forget: () => void) {
    this.#store = store;
    this.#sessionId = sessionId;
    this.#forget = forget;
  }

  /** Runs work when all that was asked for before is done. Settles as it does; rejects as `Store.inTurn` and `Store.noneLate` do. */
  run<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#store.inTurn(this.#sessionId, async (turn) => {
      if (this.#abandoned)
        throw new ZpwootError("STORE_IN_USE", "Another node of the cluster runs the session");
      if (this.#isUncertain) await this.#ascertain();
      return work(turn);
    });
  }

  /** A write has failed: whoever reads from now on, to see what is stored, must not be overtaken by it. */
  failed(): void {
    this.#forget();
    this.#isUncertain = true;
  }

  /** Refuses all later ones. */
  abandon(): void {
    this.#abandoned = true;
  }

  async #ascertain(): Promise<void> {
    await this.#store.noneLate();
    this.#forget();
    this.#isUncertain = false;
  }
}
