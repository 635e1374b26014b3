/** The official adapters on real servers, handed in as adapters. */
import { randomUUID } from "node:crypto";
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis, { createClient } from "@keyv/redis";
import pg from "pg";
import { describe, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { describeStoreContract } from "./store-contract.js";

const DATABASE_URL = process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";
const REDIS_URL = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";

/** Runs the suite if the service answers. In CI a missing service is a failure; elsewhere it is said loudly. */
async function ifReachable(name: string, ping: () => Promise<unknown>, suite: () => void): Promise<void> {
  try {
    await ping();
    suite();
  } catch (error) {
    describe(name, () => {
      it.skipIf(process.env["CI"] === undefined)(`needs a ${name} server: NOT TESTED without one`, () => {
        throw new Error(`${name} can't be reached`, { cause: error });
      });
    });
    console.warn(`\n*** ${name} can't be reached: its contract is NOT TESTED ***\n`);
  }
}

const query = async (text: string): Promise<{ key: string }[]> => {
  const client = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return (await client.query<{ key: string }>(text)).rows;
  } finally {
    await client.end();
  }
};

await ifReachable(
  "Postgres",
  () => query("SELECT 1"),
  () =>
    describeStoreContract("Postgres through @keyv/postgres", async () => {
      const table = `zpwoot_${randomUUID().replaceAll("-", "")}`;
      return {
        open: () => openStore(new KeyvPostgres({ uri: DATABASE_URL, table })),
        rawKeys: async () =>
          (await query(`SELECT key FROM ${table}`))
            .map(({ key }) => key)
            .filter((key) => key !== "wa/sentinel"),
        dispose: async () => void (await query(`DROP TABLE IF EXISTS ${table}`)),
      };
    }),
);

await ifReachable(
  "Redis",
  async () => {
    const client = createClient({
      url: REDIS_URL,
      socket: { reconnectStrategy: false, connectTimeout: 2_000 },
    });
    client.on("error", () => {});
    await client.connect();
    client.destroy();
  },
  () =>
    describeStoreContract("Redis through @keyv/redis", async () => {
      const prefix = `zpwoot-${randomUUID()}`;
      const client = createClient({ url: REDIS_URL });
      await client.connect();
      const keys = (): Promise<string[]> => client.keys(`${prefix}*`);
      return {
        open: () => openStore(new KeyvRedis(client, { namespace: prefix })),
        rawKeys: async () =>
          (await keys()).map((key) => key.slice(key.indexOf("wa/"))).filter((key) => key !== "wa/sentinel"),
        dispose: async () => {
          const all = await keys();
          if (all.length > 0) await client.del(all);
          client.destroy();
        },
      };
    }),
);
