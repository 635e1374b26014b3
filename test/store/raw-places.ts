/** A place in a store of each kind, and its raw records: what is stored, whatever the engine makes of it. */
import pg from "pg";
import {
  DATABASE_URL,
  lmdbFolder,
  postgresTable,
  rawLmdb,
  redisNamespace,
  withPostgres,
  withRedis,
} from "./services.js";

/** A place of its own. */
export interface RawPlace {
  /** The `store` option. */
  readonly store: string | Map<string, unknown>;
  /** All records, by key. On lmdb, when no process has it open. */
  all(): Promise<Map<string, string>>;
  put(records: ReadonlyMap<string, string>): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  dispose(): Promise<unknown>;
}

/** Calls the suites for each kind of store that there is on this machine. */
export async function onEachStore(
  suites: (name: string, place: () => Promise<RawPlace>) => void,
): Promise<void> {
  suites("memory", onMap);
  suites("lmdb", onLmdb);
  await withPostgres(() => suites("Postgres", onPostgres));
  await withRedis(() => suites("Redis", onRedis));
}

async function onMap(): Promise<RawPlace> {
  const store = new Map<string, unknown>();
  return {
    store,
    all: async () => new Map([...store].map(([key, text]) => [key, String(text)])),
    put: async (records) => {
      for (const [key, text] of records) store.set(key, text);
    },
    remove: async (keys) => {
      for (const key of keys) store.delete(key);
    },
    dispose: async () => {},
  };
}

async function onLmdb(): Promise<RawPlace> {
  const { folder, url, dispose } = await lmdbFolder();
  return {
    store: url,
    all: async () => {
      const raw = rawLmdb(folder);
      const records = new Map([...raw.records.getRange()].map(({ key, value }) => [key, value]));
      await raw.close();
      return records;
    },
    put: async (records) => {
      const raw = rawLmdb(folder);
      await raw.records.batch(() => records.forEach((text, key) => void raw.records.put(key, text, 1)));
      await raw.records.flushed;
      await raw.close();
    },
    remove: async (keys) => {
      const raw = rawLmdb(folder);
      await raw.records.batch(() => keys.forEach((key) => void raw.records.remove(key)));
      await raw.records.flushed;
      await raw.close();
    },
    dispose,
  };
}

async function onPostgres(): Promise<RawPlace> {
  const { table, url, dispose } = postgresTable();
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  await client.query(`CREATE TABLE IF NOT EXISTS ${table}(key VARCHAR(255) PRIMARY KEY, value TEXT)`);
  return {
    store: url,
    all: async () => {
      const { rows } = await client.query<{ key: string; value: string }>(`SELECT key, value FROM ${table}`);
      return new Map(rows.map(({ key, value }) => [key, value]));
    },
    put: async (records) => {
      const values =
        "SELECT * FROM UNNEST($1::text[], $2::text[]) ON CONFLICT(key) DO UPDATE SET value = excluded.value";
      await client.query(`INSERT INTO ${table}(key, value) ${values}`, [
        [...records.keys()],
        [...records.values()],
      ]);
    },
    remove: async (keys) => {
      await client.query(`DELETE FROM ${table} WHERE key = ANY($1::text[])`, [keys]);
    },
    dispose: async () => {
      await client.end();
      await dispose();
    },
  };
}

async function onRedis(): Promise<RawPlace> {
  const { namespace, client, url, dispose } = await redisNamespace();
  return {
    store: url,
    all: async () => {
      const keys = await client.keys(`${namespace}*`);
      const texts = await client.mGet(keys);
      return new Map(keys.map((key, at) => [key.slice(key.indexOf("wa/")), String(texts[at])]));
    },
    put: async (records) => {
      for (const [key, text] of records) await client.set(`${namespace}::${key}`, text);
    },
    remove: async (keys) => {
      for (const key of keys) await client.del(`${namespace}::${key}`);
    },
    dispose,
  };
}
