/** Places in real stores: a table, a namespace or a folder of its own for each test, of which nothing is left. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@keyv/redis";
import { open as openLmdb } from "lmdb";
import pg from "pg";
import type { Child } from "./child.js";

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
export function redisClient() {
  return redisClientAt(REDIS_URL);
}

/** A client of another Redis. */
export async function redisClientAt(url: string) {
  const client = createClient({
    url,
    socket: { reconnectStrategy: false, connectTimeout: 2_000 },
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** The records that a store keeps of itself: not of its sessions. */
export const OWN_KEYS: readonly string[] = ["wa/sentinel", "wa/owner", "wa/owner-lease"];

/** Whether a key is of a tombstone, or of their list: what a deletion leaves for a while. */
export const isTombstone = (key: string): boolean => /^wa\/tombstones?\//.test(key);

/** The keys of a store but its own, and but tombstones. */
const butItsOwn = (keys: readonly string[]): readonly string[] =>
  keys.filter((key) => !OWN_KEYS.includes(key) && !isTombstone(key));

/** A table of its own. */
export function postgresTable() {
  const table = `zpwoot_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(DATABASE_URL);
  url.searchParams.set("table", table);
  return {
    table,
    url: url.href,
    rawKeys: async () => butItsOwn((await query(`SELECT key FROM ${table}`)).map(({ key }) => key as string)),
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
    rawKeys: async () => butItsOwn((await keys()).map((key) => key.slice(key.indexOf("wa/")))),
    dispose: async () => {
      const all = await keys();
      if (all.length > 0) await client.del(all);
      client.destroy();
    },
  };
}

/** The records of an embedded store, as the bare client of lmdb shows them. */
export function rawLmdb(folder: string, { readOnly = false } = {}) {
  const environment = openLmdb<string, string>({
    path: folder,
    encoding: "string",
    noSubdir: false,
    readOnly,
  });
  const records = environment.openDB<string, string>({
    name: "records",
    encoding: "string",
    useVersions: true,
  });
  return { records, environment, close: () => environment.close() };
}

/** A folder of its own for an embedded store. Its keys are read when no process has it open. */
export async function lmdbFolder() {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-lmdb-"));
  return {
    folder,
    url: `lmdb:${folder}`,
    rawKeys: async () => {
      const raw = rawLmdb(folder, { readOnly: true });
      const keys = [...raw.records.getKeys()];
      await raw.close();
      return butItsOwn(keys);
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Freezes a process that has an embedded store open, between two of its writes. One that is stopped in the middle of a write holds the
 * lock of the file, and nobody could take over before it wakes.
 */
export async function freezeBetweenWrites(child: Child, folder: string): Promise<void> {
  const { records, close } = rawLmdb(folder);
  try {
    for (;;) {
      child.signal("SIGSTOP");
      const written = records.put("probe", "").then(() => true);
      const isFree = await Promise.race([written, sleep(300).then(() => false)]);
      if (isFree) return;
      child.signal("SIGCONT");
      await written;
    }
  } finally {
    await records.remove("probe");
    await close();
  }
}
