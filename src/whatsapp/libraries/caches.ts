/**
 * The caches a socket is given, one set per session, kept over its reconnects. whaileys' own defaults are shared by all
 * sockets of the process (a retry receipt made one session send another one's text) and leak a timer per reconnect
 * (whatsapp-protocol.md sections 10 and 11, hazard 3).
 */
import { LRUCache } from "lru-cache";
import type { SessionCaches } from "../library.js";

/** Sent messages kept for a retry receipt; whaileys keeps them for 20 s, phones ask for minutes. */
const SENT_MESSAGES = { max: 256, ttl: 10 * 60_000 };
/** whaileys' own time for group metadata and device lists: 15 and 5 minutes. */
const GROUPS = { max: 512, ttl: 15 * 60_000 };
const DEVICES = { max: 4096, ttl: 5 * 60_000 };
const RETRY_COUNTERS = { max: 2048, ttl: 60 * 60_000 };
/** Baileys 7's own time for calls that ring. */
const CALLS = { max: 512, ttl: 5 * 60_000 };

/** The part of NodeCache that the libraries call, over a bounded LRU without timers. */
export class BoundedCache {
  readonly #entries: LRUCache<string, NonNullable<unknown>>;

  constructor(limits: { max: number; ttl: number }) {
    this.#entries = new LRUCache(limits);
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

  /** Those of the keys that are there. */
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

/** A new set of caches for one session, as options of whaileys. */
export function whaileysCaches(): SessionCaches {
  return {
    groupMetadataCache: new BoundedCache(GROUPS),
    sentMessagesCache: new BoundedCache(SENT_MESSAGES),
    userDevicesCache: new BoundedCache(DEVICES),
    msgRetryCounterMap: boundedCounters(),
  };
}

/** The same as options of Baileys 7. What it sent it keeps per socket by itself. */
export function baileys7Caches(): SessionCaches {
  return {
    userDevicesCache: new BoundedCache(DEVICES),
    msgRetryCounterCache: new BoundedCache(RETRY_COUNTERS),
    callOfferCache: new BoundedCache(CALLS),
    placeholderResendCache: new BoundedCache(RETRY_COUNTERS),
  };
}

/** whaileys reads and writes this one as a plain object, and never empties it. */
function boundedCounters(): Record<string, number> {
  const counters = new LRUCache<string, number>(RETRY_COUNTERS);
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
