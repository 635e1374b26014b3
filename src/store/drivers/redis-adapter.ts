/**
 * @keyv/redis made safe for credentials. As it comes, an error reads as "absent" and a failed write as done, and while the
 * server is away calls wait for ever in a queue that grows, to be applied whenever it is back.
 */
import type * as Redis from "@keyv/redis";
import type { Logger } from "../../api/logger.js";
import type { AtomicAdapter } from "./atomic-driver.js";
import type { Change } from "./driver.js";
import { optionalPackage } from "./optional-package.js";

/** What an open Redis adapter is given. */
export interface RedisAdapterOptions {
  /** Without our own parameters. */
  readonly url: string;
  /** Goes before every key as `<namespace>::`. */
  readonly namespace: string | undefined;
  /** Errors that belong to no call: a lost connection. */
  readonly onError: (error: unknown) => void;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

type Client = ReturnType<typeof Redis.createClient>;

/** A silent server is given up after three seconds; the ping keeps an idle connection from looking so. */
const SOCKET_TIMEOUT_MS = 3_000;
const PING_INTERVAL_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** The longest wait between two attempts to connect anew, in milliseconds. */
const LONGEST_RECONNECT_MS = 1_000;

/** Connects, and warns of settings that lose data. */
export async function openRedisAdapter(options: RedisAdapterOptions): Promise<AtomicAdapter> {
  const redis = await optionalPackage("@keyv/redis", "Redis", () => import("@keyv/redis"));
  const client = redis.createClient(clientOptions(options.url));
  client.on("error", options.onError);
  try {
    await connected(client);
    await warnOfDataLoss(client, options.logger);
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
  return new (safeRedis(redis.default, client))(options.namespace);
}

function clientOptions(url: string): Redis.RedisClientOptions {
  return {
    url,
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL_MS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      reconnectStrategy: (attempts) =>
        Math.min(LONGEST_RECONNECT_MS, 50 * 2 ** attempts) + Math.random() * 50,
    },
  };
}

/** The client's own promise goes on for ever while the server is away; the first error is enough to give up. */
async function connected(client: Client): Promise<void> {
  let fail: ((error: unknown) => void) | undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  client.once("error", (error) => fail?.(error));
  await Promise.race([client.connect(), failed]);
}

async function warnOfDataLoss(client: Client, logger: Pick<Logger, "warn"> | undefined): Promise<void> {
  const info = String(await client.info());
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const warn = (problem: string): void => logger?.warn({}, problem);
  if (value("aof_enabled") === "0") {
    warn("Redis has no append-only file: a crash of it loses sessions. Set `appendonly yes`");
  }
  const policy = value("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    warn(`Redis may evict sessions when its memory is full (maxmemory-policy ${policy}). Set noeviction`);
  }
  if (value("role") === "slave") warn("The Redis server is a read-only replica: nothing can be written");
}

/** A subclass over a client of our own. Made here, because its parent is not loaded before. */
function safeRedis(Parent: typeof Redis.default, client: Client) {
  return class SafeRedis extends Parent<string> {
    constructor(namespace: string | undefined) {
      super(client, {
        throwOnErrors: true,
        throwOnConnectError: true,
        ...(namespace === undefined ? {} : { namespace }),
      });
    }

    /** One MULTI, hence all or nothing on a single server. */
    async applyBatch(changes: readonly Change[]): Promise<void> {
      const multi = client.multi();
      for (const { key, text } of changes) {
        const place = this.createKeyPrefix(key, this.namespace);
        if (text === null) multi.unlink(place);
        else multi.set(place, text);
      }
      await multi.exec();
    }

    /** Not the parent's way, which waits for answers that may never come. */
    override async disconnect(): Promise<void> {
      if (client.isOpen) client.destroy();
    }
  };
}
