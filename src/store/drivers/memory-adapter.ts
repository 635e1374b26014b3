/** A Keyv adapter over a Map, for tests, demos, and sessions that need not survive the process. */
import { EventEmitter } from "node:events";
import { type Change, ConditionFailed } from "./driver.js";

/** Stores everything in a Map. Nothing is durable. */
export class MemoryAdapter extends EventEmitter {
  readonly opts = { dialect: "memory", url: "memory:" };
  namespace: string | undefined;
  readonly #map: Map<string, unknown>;

  constructor(map: Map<string, unknown> = new Map()) {
    super();
    this.#map = map;
  }

  async get(key: string): Promise<string | undefined> {
    return this.#map.get(key) as string | undefined;
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => this.#map.get(key) as string | undefined);
  }

  async set(key: string, value: string): Promise<void> {
    this.#map.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.#map.delete(key);
  }

  async *keys(prefix: string): AsyncGenerator<readonly string[]> {
    yield [...this.#map.keys()].filter((key) => key.startsWith(prefix));
  }

  async clear(): Promise<void> {
    this.#map.clear();
  }

  /** Synchronous, hence atomic. */
  async applyBatch(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
    if (conditions.some(({ key, text }) => (this.#map.get(key) ?? null) !== text))
      throw new ConditionFailed();
    for (const { key, text } of changes) {
      if (text === null) this.#map.delete(key);
      else this.#map.set(key, text);
    }
  }
}
