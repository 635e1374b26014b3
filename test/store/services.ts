/** Suites that need a real Postgres or Redis. */
import { describe, it } from "vitest";
import { query, redisClient } from "../support/places.js";
import { startRedis } from "../support/servers.js";

export * from "../support/places.js";

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

/** A Redis of one's own, to stop and to freeze. */
export type OwnRedis = NonNullable<Awaited<ReturnType<typeof startRedis>>>;

/** Runs suites that need the program of Redis, to start servers of their own. */
export async function withOwnRedis(suites: (start: () => Promise<OwnRedis>) => void): Promise<void> {
  const start = async (): Promise<OwnRedis> => {
    const started = await startRedis();
    if (started === undefined) throw new Error("redis-server is not installed");
    return started;
  };
  const probe = async (): Promise<void> => (await start()).stop();
  await ifReachable("redis-server", probe, () => suites(start));
}

/** Runs suites that need Postgres. */
export async function withPostgres(suites: () => void): Promise<void> {
  await ifReachable("Postgres", () => query("SELECT 1"), suites);
}

/** Runs suites that need Redis. */
export async function withRedis(suites: () => void): Promise<void> {
  await ifReachable("Redis", async () => (await redisClient()).destroy(), suites);
}
