/** The contents of a store, read with the bare clients of Postgres, Redis and lmdb: what is checked must not be asked of the checked. */
import { createClient } from "@keyv/redis";
import pg from "pg";
import {
  DATABASE_URL,
  lmdbFolder,
  postgresTable,
  rawLmdb,
  REDIS_URL,
  redisNamespace,
} from "../../support/places.js";
import type { EndState, History } from "./history.js";

/** A store of its own, and its raw records by key. */
export interface OwnersPlace {
  readonly url: string;
  /** Where its server is; undefined when it has none, so that nothing can be held back. */
  readonly server?: { readonly host: string; readonly port: number };
  readonly records: () => Promise<ReadonlyMap<string, string>>;
  readonly dispose: () => Promise<void>;
}

/** The stores that have one owner. */
export const OWNERS_PLACES: Readonly<Record<string, () => Promise<OwnersPlace>>> = {
  lmdb: async () => {
    const { url, folder, dispose } = await lmdbFolder();
    const { records, close } = rawLmdb(folder);
    return {
      url,
      records: async () => {
        // Else a transaction of before is read again.
        records.resetReadTxn();
        return new Map([...records.getRange()].map(({ key, value }) => [key, value]));
      },
      dispose: async () => {
        await close();
        await dispose();
      },
    };
  },
  Postgres: async () => {
    const { url, table, dispose } = postgresTable();
    const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 });
    return {
      url,
      server: serverOf(DATABASE_URL, 5_432),
      records: async () => {
        const { rows } = await pool.query<{ key: string; value: string }>(`SELECT key, value FROM ${table}`);
        return new Map(rows.map(({ key, value }) => [key, value]));
      },
      dispose: async () => {
        await pool.end();
        await dispose();
      },
    };
  },
  Redis: async () => {
    const { url, namespace, dispose, client: own } = await redisNamespace();
    const client = createClient({ url: REDIS_URL });
    await client.connect();
    return {
      url,
      server: serverOf(REDIS_URL, 6_379),
      records: async () => {
        const keys = await own.keys(`${namespace}*`);
        const values = keys.length === 0 ? [] : await client.mGet(keys);
        return new Map(
          keys.flatMap((key, index) => {
            const value = values[index];
            // One that was deleted in between has none.
            return value == null ? [] : [[key.slice(key.indexOf("wa/")), value] as const];
          }),
        );
      },
      dispose: async () => {
        client.destroy();
        await dispose();
      },
    };
  },
};

function serverOf(url: string, port: number): { host: string; port: number } {
  const parsed = new URL(url);
  return { host: parsed.hostname, port: Number(parsed.port || port) };
}

/** Writes down what a look at the store shows: its owner, what its sessions' records hold, what its outboxes hold. */
export function noteRecords(records: ReadonlyMap<string, string>, history: History): void {
  const owner = valueOf(records.get("wa/owner"));
  if (owner !== undefined)
    history.addOnce({ kind: "owner", epoch: Number(owner["epoch"]), ownerId: String(owner["ownerId"]) });
  for (const { token } of sessionsIn(records))
    if (token !== undefined) history.addOnce({ kind: "stored", token });
  for (const { session, delivery } of queuedIn(records))
    history.addOnce({ kind: "queued", session, delivery });
}

/** What the outboxes hold. */
export function queuedIn(
  records: ReadonlyMap<string, string>,
): readonly { readonly session: string; readonly delivery: string; readonly body: string }[] {
  return [...records].flatMap(([key, text]) => {
    const session = /^wa\/([^/]+)\/webhook\/q\.\d+$/.exec(key)?.[1];
    const { id: delivery, body } = valueOf(text) ?? {};
    if (session === undefined || typeof delivery !== "string" || typeof body !== "string") return [];
    return [{ session, delivery, body }];
  });
}

/** What is left. */
export function endState(records: ReadonlyMap<string, string>): EndState {
  const listed = [...records].flatMap(([key, text]) =>
    /^wa\/index\/\d+\.[ab]$/.test(key) ? [{ key: key.slice(0, -2), text }] : [],
  );
  const shards = new Set(listed.map(({ key }) => key));
  const ids = new Set(
    [...shards].flatMap((key) => (newest(records, key)?.["ids"] as readonly string[] | undefined) ?? []),
  );
  return {
    sessions: sessionsIn(records).filter(({ id }) => ids.has(id)),
    keys: [...records.keys()],
    queued: queuedIn(records),
    apiKeys: [...records.keys()].flatMap((key) => /^wa\/api-key\/([0-9a-f]+)$/.exec(key)?.[1] ?? []),
  };
}

function sessionsIn(records: ReadonlyMap<string, string>): EndState["sessions"] {
  const ids = [...records.keys()].flatMap((key) => /^wa\/([^/]+)\/record\.[ab]$/.exec(key)?.[1] ?? []);
  return [...new Set(ids)].flatMap((id) => {
    const record = newest(records, `wa/${id}/record`);
    if (record === undefined) return [];
    const { url } = (record["webhook"] ?? {}) as { readonly url?: string | null };
    const token = url == null ? null : new URL(url).searchParams.get("token");
    return [{ id, name: String(record["name"]), ...(token === null ? {} : { token }) }];
  });
}

/** The newer one of the two places of a record. */
function newest(records: ReadonlyMap<string, string>, key: string): Record<string, unknown> | undefined {
  const [first, second] = [valueOf(records.get(`${key}.a`)), valueOf(records.get(`${key}.b`))];
  const one = Number(first?.["generation"] ?? -1) >= Number(second?.["generation"] ?? -1) ? first : second;
  return one?.["value"] as Record<string, unknown> | undefined;
}

/** The value in Keyv's form. */
function valueOf(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  return (JSON.parse(text) as { readonly value: Record<string, unknown> }).value;
}
