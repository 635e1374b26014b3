/** Drivers of database servers, from a URL. */
import type { Logger } from "../../api/logger.js";
import { adoptPostgres } from "./adopted-postgres.js";
import { AtomicDriver } from "./atomic-driver.js";
import type { Driver } from "./driver.js";
import { type KeyvPlace, ROOT_PLACE } from "./keyv-texts.js";
import { checkPostgresName, openPostgresAdapter, type PostgresPlace } from "./postgres-adapter.js";
import { openRedisAdapter } from "./redis-adapter.js";

/** What a driver tells on its own. */
export interface DriverVoice {
  readonly onError: (error: unknown) => void;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

/** Where @keyv/postgres puts its table unless told otherwise. */
const DEFAULT_TABLE = "keyv";
const DEFAULT_SCHEMA = "public";

/**
 * `postgres://user:password@host/database`, with `table`, `schema` and `max` (connections) as further parameters.
 * Throws a TypeError when it is no URL.
 */
export function postgresPlaceOf(url: string): PostgresPlace {
  const parsed = new URL(url);
  const take = (name: string): string | undefined => {
    const value = parsed.searchParams.get(name) ?? undefined;
    parsed.searchParams.delete(name);
    return value;
  };
  const max = take("max");
  return {
    schema: checkPostgresName("schema", take("schema") ?? DEFAULT_SCHEMA),
    table: checkPostgresName("table", take("table") ?? DEFAULT_TABLE),
    pool: max === undefined ? {} : { max: Number(max) },
    uri: parsed.href,
  };
}

/** What of a KeyvPostgres' options is not about the pool. */
const NOT_POOL: readonly string[] = [
  "dialect",
  "uri",
  "table",
  "schema",
  "keySize",
  "iterationLimit",
  "useUnloggedTable",
];

/**
 * The place of a KeyvPostgres that a caller made: its table is used through a pool of our own, because a lost idle
 * connection of the adapter's ends the process. Undefined for other adapters and for subclasses, which know what they do.
 */
export function postgresPlaceOfAdapter(adapter: object): PostgresPlace | undefined {
  const { opts } = adapter as {
    readonly opts?: { readonly uri?: unknown; readonly schema?: string; readonly table?: string };
  };
  if (adapter.constructor.name !== "KeyvPostgres" || typeof opts?.uri !== "string") return undefined;
  return {
    uri: opts.uri,
    schema: checkPostgresName("schema", opts.schema ?? DEFAULT_SCHEMA),
    table: checkPostgresName("table", opts.table ?? DEFAULT_TABLE),
    pool: Object.fromEntries(Object.entries(opts).filter(([name]) => !NOT_POOL.includes(name))),
    adopted: adapter,
  };
}

/** The driver of a table. Several sessions of several processes share it. */
export function postgresDriver(
  at: PostgresPlace,
  voice: (description: string) => DriverVoice,
  place: KeyvPlace = ROOT_PLACE,
): Driver {
  const { host, pathname } = new URL(at.uri);
  const description = `postgres://${host}${pathname}`;
  const { onError, logger } = voice(description);
  if (at.adopted !== undefined) adoptPostgres(at.adopted, onError);
  return new AtomicDriver({
    description,
    // A commit costs a disk flush: what waits meanwhile shares the next one.
    batching: { coalesce: true, inFlight: 4 },
    connect: () => openPostgresAdapter({ ...at, onError, logger }),
    place,
    onError,
  });
}

/** `redis://user:password@host/0` or `rediss://…`, with `namespace` as a further parameter. Throws a TypeError for others. */
export function redisDriver(url: string, voice: (description: string) => DriverVoice): Driver {
  const parsed = new URL(url);
  const namespace = parsed.searchParams.get("namespace") ?? undefined;
  parsed.searchParams.delete("namespace");
  const description = `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  const { onError, logger } = voice(description);
  return new AtomicDriver({
    description,
    // Commands are pipelined as it is.
    batching: { coalesce: false, inFlight: 1_000 },
    connect: () => openRedisAdapter({ url: parsed.href, namespace, onError, logger }),
    place: { namespace, prefix: "" },
    onError,
  });
}
