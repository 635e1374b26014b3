/** How many requests a key and an address may make, counted by rate-limiter-flexible in memory or in Redis. */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { IRateLimiterOptions, RateLimiterAbstract } from "rate-limiter-flexible";
import type { SharedRedis } from "../../api/cluster.js";
import { messageOf } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import { errorResponse, type HttpResponse } from "../protocol/message.js";
import { RedisGuard } from "./redis-guard.js";

/** Options of the limits. Numbers are requests per minute. */
export interface RateLimitOptions {
  /** Per key. Default 6,000: one key polls `qr` and `status` of a hundred sessions every two seconds. */
  readonly perKey?: number | undefined;
  /** Per key on requests that make WhatsApp work (create, connect, pair…), counted separately. Default 300. */
  readonly perKeyStrict?: number | undefined;
  /** Per address, of requests without a valid key: those with one are counted by their key alone. Default 1,200. */
  readonly perAddress?: number | undefined;
  /**
   * A client of `redis` or `ioredis`, for limits that several processes share. Default: the bus of the cluster, where that is on Redis;
   * otherwise memory. While it does not answer, requests pass; while the bus does not, each node counts for itself.
   */
  readonly redis?: unknown;
}

/** The result of counting one request. */
interface RateLimitResult {
  /** The response that rejects the request; undefined when it is within the limit. */
  readonly rejected: HttpResponse | undefined;
  /** Headers for the response, whatever it is. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The limits a request may count against. */
type LimitName = "key" | "strict" | "address";

/** Counts one request of a key or an address. Never rejects. */
export type CountRequest = (name: LimitName, subject: string) => Promise<RateLimitResult>;

const WINDOW_SECONDS = 60;
const DEFAULTS = { key: 6_000, strict: 300, address: 1_200 } as const;

const UNLIMITED: RateLimitResult = { rejected: undefined, headers: {} };

type Quotas = Readonly<Record<LimitName, number>>;
type Count = (name: LimitName, subject: string) => Promise<RateLimiterRes | undefined>;

/**
 * Makes the limits of one handler. `shared`: the Redis of a cluster, where its nodes count together unless the options have one; while there
 * is none, or it does not answer, each node counts for itself.
 */
export function createRateLimits(
  options: RateLimitOptions,
  logger: Logger | undefined,
  shared: () => SharedRedis | undefined = () => undefined,
): CountRequest {
  const quotas = {
    key: options.perKey ?? DEFAULTS.key,
    strict: options.perKeyStrict ?? DEFAULTS.strict,
    address: options.perAddress ?? DEFAULTS.address,
  };
  const count: Count =
    options.redis === undefined
      ? countShared(quotas, logger, shared)
      : countInRedis(quotas, { client: options.redis, prefix: "zpwoot" }, new RedisGuard(logger));
  return async (name, subject) => {
    const quota = quotas[name];
    try {
      const counted = await count(name, subject);
      return counted === undefined
        ? UNLIMITED
        : { rejected: undefined, headers: headersOf(name, quota, counted) };
    } catch (thrown) {
      if (thrown instanceof RateLimiterRes) return tooManyRequests(name, quota, thrown);
      logger?.warn({ limit: name, error: messageOf(thrown) }, "Rate limits unavailable, the request passes");
      return UNLIMITED;
    }
  };
}

function countShared(
  quotas: Quotas,
  logger: Logger | undefined,
  shared: () => SharedRedis | undefined,
): Count {
  const own = limitersOf(quotas, (common) => new RateLimiterMemory(common), "zpwoot");
  const guard = new RedisGuard(logger, "each node counts for itself");
  let together: { readonly client: unknown; readonly count: Count } | undefined;
  return async (name, subject) => {
    const redis = shared();
    if (redis !== undefined && redis.client !== together?.client)
      together = { client: redis.client, count: countInRedis(quotas, redis, guard) };
    const counted = redis && (await together?.count(name, subject));
    return counted ?? own[name].consume(subject);
  };
}

function countInRedis(quotas: Quotas, { client, prefix }: SharedRedis, guard: RedisGuard): Count {
  // Clients of `redis` have this field, those of `ioredis` don't; their methods are called differently.
  const useRedisPackage = typeof client === "object" && client !== null && "isOpen" in client;
  const open = (common: IRateLimiterOptions): RateLimiterAbstract =>
    new RateLimiterRedis({ ...common, storeClient: client, useRedisPackage });
  const limiters = limitersOf(quotas, open, prefix);
  return (name, subject) => guard.consume(limiters[name], subject);
}

function limitersOf(
  quotas: Quotas,
  open: (common: IRateLimiterOptions) => RateLimiterAbstract,
  prefix: string,
): Readonly<Record<LimitName, RateLimiterAbstract>> {
  const limiter = (name: LimitName): RateLimiterAbstract =>
    open({ keyPrefix: `${prefix}:limit:${name}`, points: quotas[name], duration: WINDOW_SECONDS });
  return { key: limiter("key"), strict: limiter("strict"), address: limiter("address") };
}

function tooManyRequests(name: LimitName, quota: number, counted: RateLimiterRes): RateLimitResult {
  const headers = { ...headersOf(name, quota, counted), "retry-after": String(secondsOf(counted)) };
  const response = errorResponse(429, "Too many requests", "Too Many Requests");
  return { rejected: { ...response, headers: { ...response.headers, ...headers } }, headers };
}

/** The header fields of the IETF draft "RateLimit header fields for HTTP". */
function headersOf(
  name: LimitName,
  quota: number,
  counted: RateLimiterRes,
): Readonly<Record<string, string>> {
  return {
    "ratelimit-policy": `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
    ratelimit: `"${name}";r=${Math.max(0, counted.remainingPoints)};t=${secondsOf(counted)}`,
  };
}

function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1_000));
}
