/** Real Postgres and Redis servers for tests: each test gets a table or a namespace of its own, and leaves none. */
import { randomUUID } from "node:crypto";
import { createClient } from "@keyv/redis";
import pg from "pg";
import { describe, it } from "vitest";

/** Where Postgres is. */
export const DATABASE_URL = process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";

/** Where Redis is. */
export const REDIS_URL = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";

/** Runs one statement on a connection of its own. */
export async function query(text: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return (await client.query<Record<string, string>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A connected Redis client. */
export async function redisClient() {
  const client = createClient({
    url: REDIS_URL,
    socket: { reconnectStrategy: false, connectTimeout: 2_000 },
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Runs the suites if the service answers. In CI a missing service is a failure; elsewhere it is said loudly. */
async function ifReachable(name: string, ping: () => Promise<unknown>, suites: () => void): Promise<void> {
  try {
    await ping();
  } catch (error) {
    describe(name, () => {
      it.skipIf(process.env["CI"] === undefined)(`needs a ${name} server: NOT TESTED without one`, () => {
        throw new Error(`${name} can't be reached`, { cause: error });
      });
    });
    console.warn(`\n*** ${name} can't be reached: it is NOT TESTED ***\n`);
    return;
  }
  suites();
}

/** Runs suites that need Postgres. */
export async function withPostgres(suites: () => void): Promise<void> {
  await ifReachable("Postgres", () => query("SELECT 1"), suites);
}

/** Runs suites that need Redis. */
export async function withRedis(suites: () => void): Promise<void> {
  await ifReachable("Redis", async () => (await redisClient()).destroy(), suites);
}

/** The keys of a store but the sentinel. */
const butSentinel = (keys: readonly string[]): readonly string[] =>
  keys.filter((key) => key !== "wa/sentinel");

/** A table of its own. */
export function postgresTable() {
  const table = `zpwoot_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(DATABASE_URL);
  url.searchParams.set("table", table);
  return {
    table,
    url: url.href,
    rawKeys: async () =>
      butSentinel((await query(`SELECT key FROM ${table}`)).map(({ key }) => key as string)),
    dispose: async () => void (await query(`DROP TABLE IF EXISTS ${table}`)),
  };
}

/** A namespace of its own. */
export async function redisNamespace() {
  const namespace = `zpwoot-${randomUUID()}`;
  const url = new URL(REDIS_URL);
  url.searchParams.set("namespace", namespace);
  const client = await redisClient();
  const keys = (): Promise<string[]> => client.keys(`${namespace}*`);
  return {
    namespace,
    client,
    url: url.href,
    rawKeys: async () => butSentinel((await keys()).map((key) => key.slice(key.indexOf("wa/")))),
    dispose: async () => {
      const all = await keys();
      if (all.length > 0) await client.del(all);
      client.destroy();
    },
  };
}
