/** Ways to keep auth state: ours, the library's files, Keyv key by key, and the raw client. */
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@keyv/redis";
import type Keyv from "keyv";
import { open as openLmdb } from "lmdb";
import pg from "pg";
import type { AuthenticationCreds, SignalDataSet, SignalDataTypeMap } from "whaileys";
import type * as whaileys from "whaileys";
import { loadAuthState } from "../src/auth/auth-state.js";
import { decode, Encoded, encode } from "../src/store/codec.js";
import { openStore } from "../src/store/open-store.js";
import { loadWhaileys } from "../src/whatsapp/libraries/whaileys.js";

type Family = keyof SignalDataTypeMap;

/** The auth state of one session. */
export interface BenchAuth {
  readonly creds: AuthenticationCreds;
  save(): Promise<void>;
  get(family: Family, ids: string[]): Promise<unknown>;
  set(data: SignalDataSet): Promise<void>;
}

/** One way, opened on an empty place. */
export interface BenchStore {
  load(sessionId: string): Promise<BenchAuth>;
  close(): Promise<void>;
}

/** A way to be measured. */
export interface Contestant {
  readonly name: string;
  /** The raw client of the same engine. */
  readonly floor?: string;
  readonly open: () => Promise<BenchStore>;
}

export const DATABASE_URL = process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";
export const REDIS_URL = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";

const loaded = loadWhaileys();
const template = loaded.initAuthCreds();
/** The library; new credentials are copies, because making keys is no work of a store. */
const library = { ...loaded, initAuthCreds: () => structuredClone(template) };
const { useMultiFileAuthState } = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;

export const unique = (): string => `zpwoot_bench_${randomUUID().replaceAll("-", "")}`;

export async function inFolder(open: (folder: string) => Promise<BenchStore>): Promise<BenchStore> {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-bench-"));
  const store = await open(folder);
  return {
    ...store,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** zpwoot's own store and auth state. */
export function ours(url: string, dispose: () => Promise<void> = async () => {}): BenchStore {
  const store = openStore(url);
  return {
    load: async (sessionId) => {
      const auth = await loadAuthState({ store, sessionId, library });
      return {
        creds: auth.creds,
        save: () => auth.save(),
        get: async (family, ids) => auth.keys.get(family, ids),
        set: async (data) => auth.keys.set(data),
      };
    },
    close: async () => {
      await store.close();
      await dispose();
    },
  };
}

/** What a raw way has to do. */
interface RawStore {
  getMany(keys: string[]): Promise<unknown[]>;
  setMany(entries: readonly (readonly [string, unknown])[]): Promise<void>;
  close(): Promise<void>;
}

export function overRaw(raw: RawStore): BenchStore {
  return {
    load: async (sessionId) => {
      const [stored] = await raw.getMany([`${sessionId}/creds`]);
      const creds = (stored ?? library.initAuthCreds()) as AuthenticationCreds;
      return {
        creds,
        save: () => raw.setMany([[`${sessionId}/creds`, creds]]),
        get: (family, ids) => raw.getMany(ids.map((id) => `${sessionId}/${family}/${id}`)),
        set: (data) =>
          raw.setMany(
            Object.entries(data).flatMap(([family, values]) =>
              Object.entries(values).map(([id, value]) => [`${sessionId}/${family}/${id}`, value] as const),
            ),
          ),
      };
    },
    close: () => raw.close(),
  };
}

/** As a tutorial would use it: one Keyv, its own serialiser, one call per key. */
export function keyByKey(keyv: Keyv, dispose: () => Promise<void>): BenchStore {
  return overRaw({
    getMany: (keys) => Promise.all(keys.map((key) => keyv.get<unknown>(key))),
    setMany: async (entries) => void (await Promise.all(entries.map(([key, value]) => keyv.set(key, value)))),
    close: dispose,
  });
}

const parse = (text: string | null | undefined): unknown =>
  text == null ? undefined : decode(new Encoded(text));

export async function dropTable(table: string): Promise<void> {
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  await client.query(`DROP TABLE IF EXISTS ${table}`);
  await client.end();
}

export async function dropKeys(prefix: string): Promise<void> {
  const client = await createClient({ url: REDIS_URL }).connect();
  const keys = await client.keys(`${prefix}*`);
  for (let start = 0; start < keys.length; start += 1_000)
    await client.unlink(keys.slice(start, start + 1_000));
  client.destroy();
}

export function lmdbRaw(folder: string): RawStore {
  const database = openLmdb<string, string>({ path: folder, encoding: "string", noSubdir: false });
  return {
    getMany: async (keys) => keys.map((key) => parse(database.get(key))),
    setMany: async (entries) => {
      await database.batch(() => {
        for (const [key, value] of entries) void database.put(key, encode(value).text);
      });
      await database.flushed;
    },
    close: () => database.close(),
  };
}

export async function postgresRaw(table: string): Promise<RawStore> {
  const pool = new pg.Pool({ connectionString: DATABASE_URL });
  await pool.query(`CREATE TABLE ${table}(key VARCHAR(255) PRIMARY KEY, value TEXT)`);
  return {
    getMany: async (keys) => {
      const { rows } = await pool.query<{ key: string; value: string }>(
        `SELECT key, value FROM ${table} WHERE key = ANY($1)`,
        [keys],
      );
      const found = new Map(rows.map(({ key, value }) => [key, value]));
      return keys.map((key) => parse(found.get(key)));
    },
    setMany: async (entries) => {
      await pool.query(
        `INSERT INTO ${table}(key, value) SELECT * FROM UNNEST($1::text[], $2::text[]) ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
        [entries.map(([key]) => key), entries.map(([, value]) => encode(value).text)],
      );
    },
    close: async () => {
      await pool.end();
      await dropTable(table);
    },
  };
}

export async function redisRaw(prefix: string): Promise<RawStore> {
  const client = await createClient({ url: REDIS_URL }).connect();
  return {
    getMany: async (keys) => (await client.mGet(keys.map((key) => prefix + key))).map(parse),
    setMany: async (entries) => {
      await client.mSet(
        entries.map(([key, value]) => [prefix + key, encode(value).text] as [string, string]),
      );
    },
    close: async () => {
      client.destroy();
      await dropKeys(prefix);
    },
  };
}

/** The library's own files: one per key, not atomic, never synced. */
export async function files(folder: string): Promise<BenchStore> {
  return {
    load: async (sessionId) => {
      const place = join(folder, sessionId);
      await mkdir(place, { recursive: true });
      const { state, saveCreds } = await useMultiFileAuthState(place);
      return {
        creds: state.creds,
        save: () => saveCreds(),
        get: async (family, ids) => state.keys.get(family, ids),
        set: async (data) => state.keys.set(data),
      };
    },
    close: async () => {},
  };
}
