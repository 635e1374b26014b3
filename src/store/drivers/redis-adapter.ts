/**
 * @keyv/redis made safe for credentials. By itself it returns errors as "absent" and failed writes as done, and while the server
 * is away, calls wait in an unbounded queue to be applied whenever it comes back.
 */
import type * as Redis from "@keyv/redis";
import type { Logger } from "../../api/logger.js";
import { backoffMs } from "../../async/backoff.js";
import type { AtomicAdapter } from "./atomic-driver.js";
import { type Change, ConditionFailed } from "./driver.js";
import { optionalPackage } from "./optional-package.js";
import { requireSingleServer } from "./redis-modes.js";
import { applyIf } from "./redis-script.js";
import { MUTE_MS, watchAnswers } from "./redis-watch.js";

/** Options of {@link openRedisAdapter}. */
export interface RedisAdapterOptions {
  /** Without the parameters of this package. */
  readonly url: string;
  /** Every key gets the prefix `<namespace>::`. */
  readonly namespace: string | undefined;
  /** Errors that belong to no call: a lost connection. */
  readonly onError: (error: unknown) => void;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

type Client = ReturnType<typeof Redis.createClient>;

/** A connection without answers counts as lost after 3 s; the ping keeps an idle one alive. */
const SILENT_MS = 3_000;
const PING_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** Keys that are looked at in one call, which nothing else on the server interrupts. */
const KEYS_PER_PAGE = 1_000;

/** Waits between two tries to reconnect: half of each is jitter. */
const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 };

/** Connects, and warns of settings that lose data. Rejects with `RefusedRedis` for a cluster, or a Sentinel. */
export async function openRedisAdapter(options: RedisAdapterOptions): Promise<AtomicAdapter> {
  const redis = await optionalPackage("@keyv/redis", "Redis", () => import("@keyv/redis"));
  const client = redis.createClient(clientOptions(options.url));
  client.on("error", options.onError);
  try {
    await connected(client);
    const info = String(await client.info());
    requireSingleServer(info);
    warnOfDataLoss(info, options.logger);
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
  const stopWatching = watchAnswers(client, {
    pauseMs: () => PING_MS,
    silentMs: SILENT_MS,
    onError: options.onError,
  });
  return new (safeRedis(redis.default, client, stopWatching))(options.namespace);
}

function clientOptions(url: string): Redis.RedisClientOptions {
  return {
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: MUTE_MS,
      reconnectStrategy: (attempts) => backoffMs(attempts + 1, RECONNECT_BACKOFF, Math.random, 0.5),
    },
  };
}

/** Rejects at the first error: the client itself goes on trying while the server is away. */
async function connected(client: Client): Promise<void> {
  let fail: ((error: unknown) => void) | undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  client.once("error", (error) => fail?.(error));
  await Promise.race([client.connect(), failed]);
}

function warnOfDataLoss(info: string, logger: Pick<Logger, "warn"> | undefined): void {
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

/** A subclass that uses the given client. Created here, because its parent is an optional package. */
function safeRedis(Parent: typeof Redis.default, client: Client, stopWatching: () => void) {
  return class SafeRedis extends Parent<string> {
    constructor(namespace: string | undefined) {
      super(client, {
        throwOnErrors: true,
        throwOnConnectError: true,
        ...(namespace === undefined ? {} : { namespace }),
      });
    }

    /** One MULTI or one script, hence all or nothing on a single server. */
    async applyBatch(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
      const placed = ({ key, text }: Change): Change => ({
        key: this.createKeyPrefix(key, this.namespace),
        text,
      });
      if (conditions.length > 0) {
        if (!(await applyIf(client, conditions.map(placed), changes.map(placed))))
          throw new ConditionFailed();
        return;
      }
      const multi = client.multi();
      for (const { key, text } of changes.map(placed)) {
        if (text === null) multi.unlink(key);
        else multi.set(key, text);
      }
      await multi.exec();
    }

    async *keys(prefix: string): AsyncGenerator<readonly string[]> {
      const place = this.createKeyPrefix(prefix, this.namespace);
      const before = place.length - prefix.length;
      const MATCH = `${place.replace(/[\\*?[\]]/g, "\\$&")}*`;
      let cursor = "0";
      do {
        const page: Awaited<ReturnType<Client["scan"]>> = await client.scan(cursor, {
          MATCH,
          COUNT: KEYS_PER_PAGE,
        });
        yield page.keys.map((key) => String(key).slice(before));
        cursor = String(page.cursor);
      } while (cursor !== "0");
    }

    isOver(error: unknown): boolean {
      return isAnswer(error) || wasNeverSent(error);
    }

    /** Of the server, in milliseconds. */
    async now(): Promise<number> {
      const [seconds, microseconds] = await client.time();
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    }

    /** At once: the parent's `disconnect` waits for answers that may never arrive. */
    override async disconnect(): Promise<void> {
      stopWatching();
      if (client.isOpen) client.destroy();
    }
  };
}

/** The names of the client's classes of error: the package does not export them all. */
const ANSWERS: readonly unknown[] = ["ErrorReply", "SimpleError", "BlobError", "MultiErrorReply"];
const NOT_SENT: readonly unknown[] = ["ClientOfflineError", "ClientClosedError"];

/** Whether the server answered with an error. */
function isAnswer(error: unknown): boolean {
  return ANSWERS.includes(classOf(error));
}

function wasNeverSent(error: unknown): boolean {
  return NOT_SENT.includes(classOf(error));
}

function classOf(error: unknown): string | undefined {
  return error instanceof Error ? error.constructor.name : undefined;
}
