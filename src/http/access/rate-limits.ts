/** How many requests a key and an address may make: counted by rate-limiter-flexible, in memory or in Redis. */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { RateLimiterAbstract } from "rate-limiter-flexible";
import { messageOf, ZpwootError } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import { type PlainResponse, problem } from "../protocol/message.js";

/** Options of the limits. Numbers are requests per minute. */
export interface RateLimitOptions {
  /** For each key. Default 600. */
  readonly perKey?: number | undefined;
  /** For each key on create, connect and pair, counted apart. Default 60. */
  readonly perKeyStrict?: number | undefined;
  /** For each address, with and without a key. Default 1,200. */
  readonly perAddress?: number | undefined;
  /** A client of `redis` or `ioredis`, for limits that many nodes share. Default: memory. When it fails, requests pass. */
  readonly redis?: unknown;
}

/** Counts one request; an answer refuses it, and `headers` belong on any answer. */
export interface LimitVerdict {
  readonly refused: PlainResponse | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is counted. */
export type LimitName = "key" | "strict" | "address";

/** Counts requests. */
export type Limits = (name: LimitName, who: string) => Promise<LimitVerdict>;

const WINDOW_SECONDS = 60;
const DEFAULTS = { key: 600, strict: 60, address: 1_200 } as const;

const PASSES: LimitVerdict = { refused: undefined, headers: {} };

/** Makes the limits of a handler. @throws ZpwootError `INVALID_OPTION`. */
export function createLimits(options: RateLimitOptions, logger: Logger | undefined): Limits {
  const quotas = {
    key: checked("perKey", options.perKey ?? DEFAULTS.key),
    strict: checked("perKeyStrict", options.perKeyStrict ?? DEFAULTS.strict),
    address: checked("perAddress", options.perAddress ?? DEFAULTS.address),
  };
  const limiters = {
    key: limiter("key", quotas.key, options.redis),
    strict: limiter("strict", quotas.strict, options.redis),
    address: limiter("address", quotas.address, options.redis),
  };
  return async (name, who) => {
    try {
      return {
        refused: undefined,
        headers: headersOf(name, quotas[name], await limiters[name].consume(who)),
      };
    } catch (thrown) {
      if (thrown instanceof RateLimiterRes) return refusal(name, quotas[name], thrown);
      logger?.warn({ error: messageOf(thrown) }, "the rate limits can't be counted; requests pass");
      return PASSES;
    }
  };
}

function limiter(name: LimitName, points: number, redis: unknown): RateLimiterAbstract {
  const common = { keyPrefix: `zpwoot:limit:${name}`, points, duration: WINDOW_SECONDS };
  if (redis === undefined) return new RateLimiterMemory(common);
  // The package `redis` tells by this field, `ioredis` has none such; they are called in different ways.
  const useRedisPackage = typeof redis === "object" && redis !== null && "isOpen" in redis;
  return new RateLimiterRedis({ ...common, storeClient: redis, useRedisPackage });
}

function refusal(name: LimitName, quota: number, counted: RateLimiterRes): LimitVerdict {
  const headers = { ...headersOf(name, quota, counted), "retry-after": String(secondsOf(counted)) };
  const answer = problem(429, "Too many requests", "Too Many Requests");
  return { refused: { ...answer, headers: { ...answer.headers, ...headers } }, headers };
}

/** As the IETF's draft of RateLimit header fields has them. */
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

function checked(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  const rule = `rateLimit.${name} must be a positive whole number of requests per minute`;
  throw new ZpwootError("INVALID_OPTION", `createHttpHandler: ${rule}`, { details: [rule] });
}
