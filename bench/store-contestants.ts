/** Who is measured: every way on every engine, with the raw client of the engine as the floor. */
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis from "@keyv/redis";
import Keyv from "keyv";
import { openLmdbAdapter } from "../src/store/drivers/lmdb-adapter.js";
import {
  DATABASE_URL,
  REDIS_URL,
  type Contestant,
  dropKeys,
  dropTable,
  files,
  inFolder,
  keyByKey,
  lmdbRaw,
  ours,
  overRaw,
  postgresRaw,
  redisRaw,
  unique,
} from "./store-ways.js";

const EMBEDDED: readonly Contestant[] = [
  { name: "files (useMultiFileAuthState)", open: () => inFolder(files) },
  { name: "zpwoot memory:", open: async () => ours("memory:") },
  { name: "zpwoot lmdb:", floor: "raw lmdb", open: () => inFolder(async (folder) => ours(`lmdb:${folder}`)) },
  {
    name: "Keyv key by key, lmdb",
    floor: "raw lmdb",
    open: () =>
      inFolder(async (folder) => {
        const adapter = await openLmdbAdapter(folder, () => {});
        return keyByKey(new Keyv({ store: adapter }), () => adapter.disconnect());
      }),
  },
  { name: "raw lmdb", open: () => inFolder(async (folder) => overRaw(lmdbRaw(folder))) },
];

const POSTGRES: readonly Contestant[] = [
  {
    name: "zpwoot postgres:",
    floor: "raw pg",
    open: async () => {
      const table = unique();
      const url = new URL(DATABASE_URL);
      url.searchParams.set("table", table);
      return ours(url.href, () => dropTable(table));
    },
  },
  {
    name: "Keyv key by key, Postgres",
    floor: "raw pg",
    open: async () => {
      const table = unique();
      const adapter = new KeyvPostgres({ uri: DATABASE_URL, table });
      return keyByKey(new Keyv({ store: adapter }), async () => {
        await adapter.disconnect();
        await dropTable(table);
      });
    },
  },
  { name: "raw pg", open: async () => overRaw(await postgresRaw(unique())) },
];

const REDIS: readonly Contestant[] = [
  {
    name: "zpwoot redis:",
    floor: "raw redis",
    open: async () => {
      const namespace = unique();
      const url = new URL(REDIS_URL);
      url.searchParams.set("namespace", namespace);
      return ours(url.href, () => dropKeys(namespace));
    },
  },
  {
    name: "Keyv key by key, Redis",
    floor: "raw redis",
    open: async () => {
      const namespace = unique();
      const adapter = new KeyvRedis<unknown>(REDIS_URL, { namespace });
      return keyByKey(new Keyv({ store: adapter, namespace, useKeyPrefix: false }), async () => {
        await adapter.disconnect();
        await dropKeys(namespace);
      });
    },
  },
  { name: "raw redis", open: async () => overRaw(await redisRaw(`${unique()}:`)) },
];

/** All ways whose server answers; the others are named on standard error. */
export async function contestants(): Promise<readonly Contestant[]> {
  return [...EMBEDDED, ...(await answering("Postgres", POSTGRES)), ...(await answering("Redis", REDIS))];
}

async function answering(name: string, group: readonly Contestant[]): Promise<readonly Contestant[]> {
  try {
    await (
      await (group[0] as Contestant).open().then(async (store) => (await store.load("ping"), store))
    ).close();
    return group;
  } catch {
    console.error(`*** ${name} can't be reached: left out ***`);
    return [];
  }
}
