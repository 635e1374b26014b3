/** The options of the HTTP handler, parsed once: what is wrong with them is said at construction. */
import { ZpwootError } from "../errors.js";
import type { Logger } from "../api/logger.js";
import type { RateLimitOptions } from "./access/rate-limits.js";

/** Options of `createHttpHandler`. */
export interface HttpHandlerOptions {
  /**
   * The keys that may call. Left out: the environment variable `API_KEY`, read on each request; while it is unset every
   * request is answered 500. `false` lets **everyone** in: only behind an authentication of your own.
   */
  readonly apiKeys?: string | readonly string[] | false | undefined;
  /**
   * What stands before `/sessions` in the path, `/api` for `/api/sessions/list`. Not needed under an Express mount path,
   * which Express takes off by itself. Default none.
   */
  readonly basePath?: string | undefined;
  /** The largest body read, in bytes. A body parser before the handler has a limit of its own. Default 102,400. */
  readonly bodyLimitBytes?: number | undefined;
  /** Hears of errors that were answered with 500 and above. Silent by default. */
  readonly logger?: Logger | undefined;
  /** Writes a line per request to the logger, and gives each an id (`X-Request-Id`, taken over from the caller). Default false. */
  readonly logRequests?: boolean | undefined;
  /** Limits the requests of each key and address. Default: no limits. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** The caller's address where it is not the connection's: behind a proxy of your own, say, the last of `X-Forwarded-For`. */
  readonly clientAddress?: ((header: (name: string) => string | undefined) => string | undefined) | undefined;
  /** Also serves `/health/live`, `/health/ready`, `/metrics`, `/openapi.json` and `/docs`. Default false. */
  readonly system?: boolean | undefined;
  /** What `/metrics` gives: `createMetrics(manager)` of `zpwoot/metrics`. */
  readonly metrics?: MetricsSource | undefined;
}

/** Metrics as text. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/** The options with every default in place. */
export interface ParsedHttpOptions {
  readonly apiKeys: readonly string[] | false | undefined;
  /** Empty, or beginning with a slash and ending without one. */
  readonly basePath: string;
  readonly bodyLimitBytes: number;
  readonly logger: Logger | undefined;
  readonly logRequests: boolean;
  readonly rateLimit: RateLimitOptions | undefined;
  readonly clientAddress: HttpHandlerOptions["clientAddress"];
  readonly system: boolean;
  readonly metrics: MetricsSource | undefined;
}

const DEFAULT_BODY_LIMIT_BYTES = 100 * 1024;

/** Checks the options; throws `INVALID_OPTION` with a sentence per broken rule, which never quotes a key. */
export function parseHttpOptions(options: HttpHandlerOptions): ParsedHttpOptions {
  const { basePath = "", bodyLimitBytes = DEFAULT_BODY_LIMIT_BYTES, logger } = options;
  const apiKeys = listOfKeys(options.apiKeys);
  const details = [
    ...complaintsAboutKeys(apiKeys),
    ...(/^$|^\/[^?#]*$/.test(basePath) ? [] : ["basePath must begin with a slash and hold no query"]),
    ...(Number.isSafeInteger(bodyLimitBytes) && bodyLimitBytes > 0
      ? []
      : ["bodyLimitBytes must be a positive whole number of bytes"]),
  ];
  if (details.length > 0) {
    throw new ZpwootError("INVALID_OPTION", `createHttpHandler: ${details.join("; ")}`, { details });
  }
  const { logRequests = false, rateLimit, clientAddress, system = false, metrics } = options;
  const more = { logRequests, rateLimit, clientAddress, system, metrics };
  return { apiKeys, basePath: basePath.replace(/\/+$/, ""), bodyLimitBytes, logger, ...more };
}

function listOfKeys(apiKeys: HttpHandlerOptions["apiKeys"]): readonly string[] | false | undefined {
  if (apiKeys === undefined || apiKeys === false) return apiKeys;
  return (typeof apiKeys === "string" ? [apiKeys] : apiKeys).map((key) => key.trim());
}

/** An empty key is mostly an unset variable of the caller's, and must not end in an open or a dead server. */
function complaintsAboutKeys(apiKeys: readonly string[] | false | undefined): readonly string[] {
  if (apiKeys === undefined || apiKeys === false) return [];
  if (apiKeys.length === 0) return ["apiKeys must hold at least one key, or be left out to use API_KEY"];
  return apiKeys.includes("") ? ["apiKeys must not hold an empty key"] : [];
}
