/** The options of the HTTP handler, checked once: what is wrong with them is thrown at construction. */
import * as z from "zod";
import { checkOptionsOf, option, optionsSchema, type OptionFields } from "../api/check-options.js";
import type { Logger } from "../api/logger.js";
import { type IsTrusted, parseTrustProxy, type TrustProxy } from "./access/client-address.js";
import type { RateLimitOptions } from "./access/rate-limits.js";

/** Options of `createHttpHandler`. */
export interface HttpHandlerOptions {
  /**
   * The API keys that may call, each with the role `admin`. Default: the environment variable `API_KEY`, read on each request; while
   * it is unset every request is answered 500. `false` accepts **every** request: only behind your own authentication.
   */
  readonly apiKeys?: string | readonly string[] | false | undefined;
  /**
   * What stands before `/sessions` in the path: `/api` for `/api/sessions/list`. Not needed under an Express mount path,
   * which Express removes by itself. Default none.
   */
  readonly basePath?: string | undefined;
  /** The largest body read, in bytes. A body parser before the handler has its own limit. Default 102,400. */
  readonly bodyLimitBytes?: number | undefined;
  /** Gets a line for every request that is answered with 500 or above. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Also logs a line per request, and gives each an id: `X-Request-Id`, the caller's own if it sends one. Default false. */
  readonly logRequests?: boolean | undefined;
  /** Limits the requests per key and per address. Default: no limits. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /**
   * Which reverse proxies before the server are believed in what they say about the client's address, as in Express: hops, CIDRs,
   * `loopback`… Default: what the server itself makes of the address (`req.ip` of Express and Fastify, `ctx.ip` of Koa), else
   * the connection's.
   */
  readonly trustProxy?: TrustProxy | undefined;
  /** Returns the caller's address where it is not the connection's: behind your own proxy, say, the last of `X-Forwarded-For`. */
  readonly clientAddress?: ((header: (name: string) => string | undefined) => string | undefined) | undefined;
  /** Also serves `/health/live`, `/health/ready`, `/metrics`, `/openapi.json` and `/docs`. Default false. */
  readonly system?: boolean | undefined;
  /** What `/metrics` serves: `createMetrics(manager)` of `zpwoot/metrics`. Default: none, `/metrics` is 404. */
  readonly metrics?: MetricsSource | undefined;
}

/** Metrics as text. */
export interface MetricsSource {
  /** The `content-type` of the text. */
  readonly contentType: string;
  /** Settles with the current metrics. */
  text(): Promise<string>;
}

/** The options with every default in place. */
export interface ParsedHttpOptions extends Pick<
  HttpHandlerOptions,
  "logger" | "rateLimit" | "clientAddress" | "metrics"
> {
  readonly apiKeys: readonly string[] | false | undefined;
  /** Made of `trustProxy`; undefined when it was left out. */
  readonly isTrustedProxy: IsTrusted | undefined;
  /** Empty, or with a slash at its start and none at its end. */
  readonly basePath: string;
  readonly bodyLimitBytes: number;
  readonly logRequests: boolean;
  readonly system: boolean;
}

const DEFAULT_BODY_LIMIT_BYTES = 100 * 1024;

const BODY_LIMIT = "must be a positive whole number of bytes";
const PER_MINUTE = "must be a positive whole number of requests per minute";
const perMinute = z.int({ error: PER_MINUTE }).positive(PER_MINUTE).optional();

const LOG_METHODS = ["trace", "debug", "info", "warn", "error"] as const;

/** An empty key is usually an unset variable of the caller's, which must not end in an open or an unusable server. */
const apiKeys = z
  .union([z.string(), z.array(z.string()), z.literal(false)], {
    error: "must be a key, a list of keys, or false",
  })
  .superRefine((keys, context) => {
    const refuse = (message: string): void => context.addIssue({ code: "custom", message });
    if (keys === false) return;
    if (keys.length === 0 && keys !== "") refuse("must hold at least one key, or be left out to use API_KEY");
    if (keyList(keys).includes("")) refuse("must not hold an empty key");
  });

const schema = optionsSchema({
  apiKeys: apiKeys.optional(),
  basePath: z
    .string({ error: "must be a path" })
    .regex(/^$|^\/[^?#]*$/, "must begin with a slash and hold no query")
    .optional(),
  bodyLimitBytes: z.int({ error: BODY_LIMIT }).positive(BODY_LIMIT).optional(),
  logger: objectWith<Logger>(LOG_METHODS, "must be a pino-compatible logger").optional(),
  logRequests: option.flag.optional(),
  rateLimit: optionsSchema({
    perKey: perMinute,
    perKeyStrict: perMinute,
    perAddress: perMinute,
    redis: z.unknown().optional(),
  } satisfies OptionFields<RateLimitOptions>).optional(),
  trustProxy: z
    .custom<TrustProxy>(isTrustProxy, {
      error: "must be true, false, a number of hops, or a list of addresses and CIDRs",
    })
    .optional(),
  clientAddress: z.custom((value) => typeof value === "function", { error: "must be a function" }).optional(),
  system: option.flag.optional(),
  metrics: objectWith<MetricsSource>(["text"], "must be the result of createMetrics(manager)").optional(),
} satisfies OptionFields<HttpHandlerOptions>);

/** Checks the options and puts the defaults in place. Throws `INVALID_OPTION` with a sentence per broken rule, without any key. */
export function parseHttpOptions(options: HttpHandlerOptions): ParsedHttpOptions {
  checkOptionsOf("options of createHttpHandler", schema, options, "INVALID_OPTION");
  const {
    apiKeys: keys,
    basePath = "",
    bodyLimitBytes = DEFAULT_BODY_LIMIT_BYTES,
    logRequests = false,
    system = false,
    trustProxy,
    ...others
  } = options;
  return {
    ...others,
    apiKeys: keys === undefined || keys === false ? keys : keyList(keys),
    isTrustedProxy: trustProxy === undefined ? undefined : parseTrustProxy(trustProxy),
    basePath: basePath.replace(/\/+$/, ""),
    bodyLimitBytes,
    logRequests,
    system,
  };
}

function isTrustProxy(value: unknown): boolean {
  const isList = Array.isArray(value) && value.every((part) => typeof part === "string");
  if (!isList && !["boolean", "number", "string"].includes(typeof value)) return false;
  return parseTrustProxy(value as TrustProxy) !== undefined;
}

function keyList(keys: string | readonly string[]): readonly string[] {
  return (typeof keys === "string" ? [keys] : keys).map((key) => key.trim());
}

/** A schema for an object by its methods; anything else about it is its own. */
function objectWith<Value>(methods: readonly (keyof Value & string)[], error: string) {
  const isFunction = (value: object, name: string): boolean => typeof Reflect.get(value, name) === "function";
  return z.custom<Value>(
    (value) =>
      typeof value === "object" && value !== null && methods.every((name) => isFunction(value, name)),
    { error },
  );
}
