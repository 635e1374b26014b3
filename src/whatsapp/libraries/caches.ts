/**
 * The caches of a session's sockets, reused when it reconnects. The defaults of whaileys are shared by all sockets of the process, so
 * that a retry receipt made one session send another one's text, and leak a timer per reconnect (docs/protocol.md#library-quirks, 3
 * and 15).
 */
import { BoundedMap, type MapBounds } from "../../async/bounded-map.js";
import type { SessionCaches } from "../library.js";

/** Group metadata; the time is that of whaileys. */
const GROUPS = { max: 512, ttl: 15 * 60_000 };
/** Device lists; the time is that of whaileys. */
const DEVICES = { max: 4096, ttl: 5 * 60_000 };
/** How often a message was retried. */
const RETRY_COUNTERS = { max: 2048, ttl: 60 * 60_000 };
/** Ringing calls; the time is that of Baileys 7. */
const CALLS = { max: 512, ttl: 5 * 60_000 };

/** The part of NodeCache that the libraries use, bounded and without timers. */
class BoundedCache {
  readonly #entries: BoundedMap<string, NonNullable<unknown>>;

  constructor(bounds: MapBounds) {
    this.#entries = new BoundedMap(bounds);
  }

  get(key: string): unknown {
    return this.#entries.get(key);
  }

  set(key: string, value: NonNullable<unknown>): boolean {
    this.#entries.set(key, value);
    return true;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  del(key: string): number {
    return this.#entries.delete(key) ? 1 : 0;
  }

  /** Returns the entries that exist. */
  mget(keys: readonly string[]): Record<string, unknown> {
    const found = keys.map((key) => [key, this.#entries.get(key)] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined));
  }

  mset(entries: readonly { readonly key: string; readonly value: NonNullable<unknown> }[]): boolean {
    for (const { key, value } of entries) this.#entries.set(key, value);
    return true;
  }

  flushAll(): void {
    this.#entries.clear();
  }
}

/** Creates the caches of one session, as options of whaileys. */
export function whaileysCaches(): SessionCaches {
  return {
    groupMetadataCache: new BoundedCache(GROUPS),
    // The engine keeps them itself (auth/sent-messages.ts): this one would send what was deleted.
    sentMessagesCache: undefined,
    userDevicesCache: new BoundedCache(DEVICES),
    msgRetryCounterMap: boundedCounters(),
  };
}

/** Creates the caches of one session, as options of Baileys 7. */
export function baileys7Caches(): SessionCaches {
  return {
    userDevicesCache: new BoundedCache(DEVICES),
    msgRetryCounterCache: new BoundedCache(RETRY_COUNTERS),
    callOfferCache: new BoundedCache(CALLS),
    placeholderResendCache: new BoundedCache(RETRY_COUNTERS),
  };
}

/** Bounds a map that whaileys uses as a plain object and never clears. */
function boundedCounters(): Record<string, number> {
  const counters = new BoundedMap<string, number>(RETRY_COUNTERS);
  return new Proxy<Record<string, number>>(
    {},
    {
      get: (_, key) => (typeof key === "string" ? counters.get(key) : undefined),
      has: (_, key) => typeof key === "string" && counters.has(key),
      set: (_, key, value: number) => {
        counters.set(String(key), value);
        return true;
      },
      deleteProperty: (_, key) => {
        counters.delete(String(key));
        return true;
      },
    },
  );
}
