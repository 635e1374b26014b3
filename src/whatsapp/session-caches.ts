/**
 * The caches a socket is given, one set per session, kept over its reconnects. whaileys' own defaults are shared by all
 * sockets of the process (a retry receipt made one session send another one's text) and leak a timer per reconnect
 * (whatsapp-protocol.md sections 10 and 11, hazard 3).
 */
import { LRUCache } from "lru-cache";
import type { UserFacingSocketConfig } from "whaileys";

/** Sent messages kept for a retry receipt; whaileys keeps them for 20 s, phones ask for minutes. */
const SENT_MESSAGES = { max: 256, ttl: 10 * 60_000 };
/** whaileys' own time for group metadata and device lists: 15 and 5 minutes. */
const GROUPS = { max: 512, ttl: 15 * 60_000 };
const DEVICES = { max: 4096, ttl: 5 * 60_000 };
const RETRY_COUNTERS = { max: 2048, ttl: 60 * 60_000 };

type CacheOptions = Pick<
  UserFacingSocketConfig,
  "groupMetadataCache" | "sentMessagesCache" | "userDevicesCache" | "msgRetryCounterMap"
>;

/** The part of NodeCache that the library calls, over a bounded LRU without timers. */
class BoundedCache {
  readonly #entries: LRUCache<string, object>;

  constructor(limits: { max: number; ttl: number }) {
    this.#entries = new LRUCache(limits);
  }

  get(key: string): object | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: object): boolean {
    this.#entries.set(key, value);
    return true;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  del(key: string): number {
    return this.#entries.delete(key) ? 1 : 0;
  }
}

/** A new set of caches, as socket options. */
export function sessionCaches(): Required<CacheOptions> {
  return {
    groupMetadataCache: new BoundedCache(GROUPS),
    sentMessagesCache: new BoundedCache(SENT_MESSAGES),
    userDevicesCache: new BoundedCache(DEVICES),
    msgRetryCounterMap: boundedCounters(),
  } as unknown as Required<CacheOptions>;
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
