/** Drivers of database servers: Postgres and Redis, from their URLs. */
import type { Logger } from "../../api/logger.js";
import { adoptPostgres } from "./adopted-postgres.js";
import { AtomicDriver } from "./atomic-driver.js";
import type { Driver } from "./driver.js";
import { type KeyvPlace, ROOT_PLACE } from "./keyv-texts.js";
import { checkPostgresName, openPostgresAdapter, type PostgresPlace } from "./postgres-adapter.js";
import { openRedisAdapter } from "./redis-adapter.js";

/** Where a driver reports what belongs to no call. */
export interface DriverReports {
  /** Errors of idle connections. */
  readonly onError: (error: unknown) => void;
  /** Gets warnings of server settings that lose data. */
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

/** Where @keyv/postgres puts its table by default. */
const DEFAULT_TABLE = "keyv";
const DEFAULT_SCHEMA = "public";

/**
 * The place of `postgres://user:password@host/database`, with the optional parameters `table`, `schema` and `max` (connections).
 * Throws a TypeError for anything that is not a URL.
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

/** Options of a KeyvPostgres that don't concern its pool. */
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
 * The place of a KeyvPostgres that the user made. Its table is used through a pool of this package, because a lost idle
 * connection of the adapter's own pool ends the process. Undefined for other adapters and for subclasses, which are used as
 * they are.
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

/** The driver of a Postgres table. Sessions of several processes may share the table. */
export function postgresDriver(
  at: PostgresPlace,
  reports: (description: string) => DriverReports,
  place: KeyvPlace = ROOT_PLACE,
): Driver {
  const { host, pathname } = new URL(at.uri);
  const description = `postgres://${host}${pathname}`;
  const { onError, logger } = reports(description);
  if (at.adopted !== undefined) adoptPostgres(at.adopted, onError);
  return new AtomicDriver({
    description,
    // A commit costs a disk flush: writes that arrive in the meantime share the next one.
    batching: { coalesce: true, inFlight: 4 },
    connect: () => openPostgresAdapter({ ...at, onError, logger }),
    place,
    onError,
  });
}

/** The driver of `redis://user:password@host/0` or `rediss://…`, with the optional parameter `namespace`. Throws a TypeError for anything that is not a URL. */
export function redisDriver(url: string, reports: (description: string) => DriverReports): Driver {
  const parsed = new URL(url);
  const namespace = parsed.searchParams.get("namespace") ?? undefined;
  parsed.searchParams.delete("namespace");
  const description = `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  const { onError, logger } = reports(description);
  return new AtomicDriver({
    description,
    // The client pipelines commands itself.
    batching: { coalesce: false, inFlight: 1_000 },
    connect: () => openRedisAdapter({ url: parsed.href, namespace, onError, logger }),
    place: { namespace, prefix: "" },
    onError,
  });
}
