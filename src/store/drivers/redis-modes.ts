/** Redis Cluster and Redis Sentinel are refused, in a sentence that says what to use: by the URL, and by what a server says of itself. */

/** Why not, and what to use. */
const REFUSALS = {
  cluster:
    "Redis Cluster can't store what belongs together in one transaction, because its keys are on several servers; " +
    'use one Redis that is no cluster ("redis://…"), or Postgres',
  sentinel:
    "the address is that of a Sentinel, which stores nothing; " +
    'give that of the primary ("redis://…"), by a name or a proxy that follows it, or use Postgres. What a primary has not sent to its replica ' +
    "is lost when that takes its place",
} as const;

/** More than one server of Redis. */
export type RedisMode = keyof typeof REFUSALS;

/** The server is of a kind that can't be used. Its message names no URL. */
export class RefusedRedis extends Error {}

/** What of both a URL's scheme names; undefined for any other. */
export function modeOfScheme(scheme: string | undefined): RedisMode | undefined {
  return modeOf(/^rediss?[+-](?:socket-)?(cluster|sentinel)$/.exec(scheme ?? ""));
}

/** What of both a server is, by its answer to `INFO`. */
export function modeOfServer(info: string): RedisMode | undefined {
  return modeOf(/^redis_mode:(\w+)/m.exec(info));
}

function modeOf(found: RegExpExecArray | null): RedisMode | undefined {
  const mode = found?.[1];
  return mode === "cluster" || mode === "sentinel" ? mode : undefined;
}

/** What is said of a store's URL whose scheme names one of both; undefined for any other. */
export function refusedScheme(scheme: string | undefined): string | undefined {
  const mode = modeOfScheme(scheme);
  return mode && REFUSALS[mode];
}

/** Throws {@link RefusedRedis} for a server that is one of both. `info`: its answer to `INFO`. */
export function requireSingleServer(info: string): void {
  const mode = modeOfServer(info);
  if (mode !== undefined) throw new RefusedRedis(REFUSALS[mode]);
}
