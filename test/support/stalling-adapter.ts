/** A store in memory that can stop to answer writes for a while. */
import { LeastAdapter } from "../store/least-adapter.js";

export class StallingAdapter extends LeastAdapter {
  #stall: Promise<void> | undefined;

  constructor() {
    super(new Map());
  }

  /** From now on nothing is written, until the returned function is called. */
  stall(): () => void {
    let resume = (): void => {};
    this.#stall = new Promise((resolve) => (resume = resolve));
    return () => {
      this.#stall = undefined;
      resume();
    };
  }

  override async set(key: string, value: unknown): Promise<void> {
    await this.#stall;
    return super.set(key, value);
  }

  override async delete(key: string): Promise<boolean> {
    await this.#stall;
    return super.delete(key);
  }
}
