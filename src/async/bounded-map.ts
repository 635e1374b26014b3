/** A map with bounds that costs what it holds. `lru-cache` lays out its arrays for the most it may hold: 150 kB for 4,096 entries with times. */
import { LazyMap } from "./lazy-collections.js";

/** What a {@link BoundedMap} holds at most, and for how long. */
export interface MapBounds {
  /** The entry that was not used for longest leaves first. */
  readonly max: number;
  /** Milliseconds from the moment in which it was set. */
  readonly ttl: number;
}

interface Entry<V> {
  readonly value: V;
  /** By `performance.now()`. */
  readonly until: number;
}

/**
 * Keeps values for a while, without timers.
 *
 * @example
 * const groups = new BoundedMap<string, Group>({ max: 512, ttl: 15 * 60_000 });
 */
export class BoundedMap<K, V> {
  readonly #bounds: MapBounds;
  /** The one that was not used for longest first. */
  readonly #entries = new LazyMap<K, Entry<V>>();

  constructor(bounds: MapBounds) {
    this.#bounds = bounds;
  }

  /** Number of entries held, those whose time is over included until they are asked for. */
  get size(): number {
    return this.#entries.size;
  }

  /** Counts as a use. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= performance.now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Counts as no use. */
  has(key: K): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.until > performance.now();
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: performance.now() + this.#bounds.ttl });
    if (this.#entries.size <= this.#bounds.max) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as K);
  }

  /** Returns whether it held the key. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
