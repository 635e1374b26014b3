/** Whether a bus can be used: only while it can both send and receive. */

/** The two connections of a bus. */
export type BusPart = "sender" | "receiver";

/** Notes which parts work, and says so when the whole changes. */
export class BusState {
  readonly #working = new Set<BusPart>();
  readonly #listeners: ((up: boolean) => void)[] = [];

  get up(): boolean {
    return this.#working.size === 2;
  }

  onChange(listener: (up: boolean) => void): void {
    this.#listeners.push(listener);
  }

  set(part: BusPart, works: boolean): void {
    const before = this.up;
    if (works) this.#working.add(part);
    else this.#working.delete(part);
    if (this.up !== before) for (const listener of this.#listeners) listener(this.up);
  }
}
