/**
 * @keyv/postgres made safe for credentials. By itself it ends the process when an idle connection is lost, has no time-outs,
 * hides one pool per URL in its module, and never creates a table that it could not create at boot.
 */
import { createRequire } from "node:module";
import { Socket } from "node:net";
import type * as KeyvPg from "@keyv/postgres";
import type * as Pg from "pg";
import type { Pool, PoolConfig } from "pg";
import { waitFor } from "../../async/deadline.js";
import { ZpwootError } from "../../errors.js";
import type { Logger } from "../../api/logger.js";
import type { AtomicAdapter } from "./atomic-driver.js";
import { type Change, ConditionFailed } from "./driver.js";
import { optionalPackage } from "./optional-package.js";
import { applyIf, UNIQUE_VIOLATION } from "./postgres-conditions.js";
import { watchStatements } from "./postgres-watch.js";
import { PreparedStatements } from "./prepared-statements.js";

/** Where the table is, and how to reach it. */
export interface PostgresPlace {
  /** Without the parameters of this package. */
  readonly uri: string;
  readonly schema: string;
  readonly table: string;
  /** More options of pg's pool: `max`, `ssl`… */
  readonly pool: PoolConfig;
  /** The user's adapter that this was taken from. */
  readonly adopted?: object;
}

/** Options of {@link openPostgresAdapter}. */
export interface PostgresAdapterOptions extends PostgresPlace {
  /** Errors of idle connections. */
  readonly onError: (error: unknown) => void;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

/** The server ends a statement after 4 s. */
const TIMEOUTS = { statement_timeout: 4_000, connectionTimeoutMillis: 3_000 } as const satisfies PoolConfig;

/** The connection of one that is not answered is given up a little later. */
const SILENT_MS = 4_500;

/** Keys of one page. */
const KEYS_PER_PAGE = 5_000;

/** How long the server may take to end the connections that are closed. */
const END_MS = 200;

/** A name that needs no quotes: @keyv/postgres quotes names in some statements only. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * SQLSTATEs of two processes that create the same table or schema at once: the entry of the catalogue, the schema, the table or
 * its row type exists already. IF NOT EXISTS checks first and creates afterwards, without a lock in between.
 */
const ALREADY_CREATED: readonly unknown[] = [UNIQUE_VIOLATION, "42P06", "42P07", "42710"];

/** SQLSTATE classes of errors in the data itself: another try can't help. */
const DATA_ERROR = /^2[23]/;

/** What pg says when a statement got no connection in time. */
const NO_CONNECTION = /timeout exceeded when trying to connect|due to connection timeout/;

/** Throws `INVALID_OPTION` for the name of a table or schema that would need quotes. */
export function checkPostgresName(what: string, name: string): string {
  if (NAME.test(name)) return name;
  const sentence = `store: the ${what} must be lower-case letters, digits and _, at most 63`;
  throw new ZpwootError("INVALID_OPTION", sentence, { details: [sentence] });
}

/** Connects, creates schema and table if they are missing, and warns of settings that lose data. */
export async function openPostgresAdapter(options: PostgresAdapterOptions): Promise<AtomicAdapter> {
  const { KeyvPostgres } = await optionalPackage(
    "@keyv/postgres",
    "Postgres",
    () => import("@keyv/postgres"),
  );
  const sockets = new Set<Socket>();
  const pool = createPool(options, sockets);
  pool.on("error", options.onError);
  try {
    await createTable(pool, options);
    await warnOfDataLoss(pool, options);
  } catch (error) {
    await endPool(pool, sockets);
    throw error;
  }
  return new (sharedPostgres(KeyvPostgres, pool, () => endPool(pool, sockets)))(options);
}

/** The pg that @keyv/postgres depends on: pg is not a dependency of this package. */
function pgOfAdapter(): typeof Pg {
  const adapter = createRequire(import.meta.url).resolve("@keyv/postgres");
  return createRequire(adapter)("pg") as typeof Pg;
}

/** `sockets` has the open connections of the pool, also those that are being made. */
function createPool({ uri, pool }: PostgresPlace, sockets: Set<Socket>): Pool {
  const stream = (): Socket => {
    const socket = new Socket();
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  };
  const created = new (pgOfAdapter().Pool)({
    keepAlive: true,
    application_name: "zpwoot",
    ...TIMEOUTS,
    stream,
    ...pool,
    connectionString: uri,
  });
  watchStatements(created, SILENT_MS);
  return created;
}

/** The pool's own end waits for statements under way, and for a server that may say nothing. */
async function endPool(pool: Pool, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  await waitFor(Promise.all([pool.end(), ...closed]), { timeoutMs: END_MS });
  for (const socket of sockets) socket.destroy();
}

async function createTable(pool: Pool, { schema, table }: PostgresPlace): Promise<void> {
  if (schema !== "public") await createUnlessThere(pool, `CREATE SCHEMA IF NOT EXISTS ${schema}`);
  // The column widths are those of @keyv/postgres.
  const columns = "key VARCHAR(255) PRIMARY KEY, value TEXT";
  await createUnlessThere(pool, `CREATE TABLE IF NOT EXISTS ${schema}.${table}(${columns})`);
}

async function createUnlessThere(pool: Pool, statement: string): Promise<void> {
  try {
    await pool.query(statement);
  } catch (error) {
    if (!ALREADY_CREATED.includes((error as { readonly code?: unknown }).code)) throw error;
    // The other process has committed by now, so this finds the table; any other conflict rejects.
    await pool.query(statement);
  }
}

async function warnOfDataLoss(pool: Pool, { schema, table, logger }: PostgresAdapterOptions): Promise<void> {
  const { rows } = await pool.query<Record<"logged" | "commit" | "fsync" | "replica", string>>(
    `SELECT (SELECT relpersistence::text FROM pg_class WHERE oid = $1::regclass) AS logged,
      current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
      pg_is_in_recovery()::text AS replica`,
    [`${schema}.${table}`],
  );
  const found = rows[0];
  const warn = (problem: string): void => logger?.warn({ schema, table }, problem);
  if (found?.logged === "u")
    warn("The table is UNLOGGED: a crash of Postgres empties it, all sessions with it");
  if (found?.commit === "off") warn("synchronous_commit is off: a crash of Postgres loses the last writes");
  if (found?.fsync === "off") warn("fsync is off: a power cut can destroy the database");
  if (found?.replica === "true") warn("The server is a read-only replica: nothing can be written");
}

/** A subclass that uses the given pool. Created here, because its parent is an optional package. */
function sharedPostgres(KeyvPostgres: typeof KeyvPg.KeyvPostgres, pool: Pool, end: () => Promise<void>) {
  const { escapeLiteral } = pgOfAdapter();
  const prepared = new PreparedStatements(pool);
  return class SharedPostgres extends KeyvPostgres implements AtomicAdapter {
    readonly #table: string;

    constructor({ uri, schema, table }: PostgresPlace) {
      super({ uri, schema, table } satisfies KeyvPg.KeyvPostgresOptions);
      this.#table = `${schema}.${table}`;
    }

    /** Called by the parent's constructor, which then creates the table; `createTable` has done that. */
    override async connect(): Promise<(sql: string, values?: unknown[]) => Promise<unknown[]>> {
      return async (sql, values = []) =>
        /^\s*CREATE/.test(sql) ? [] : (await prepared.query<object>(sql, values)).rows;
    }

    /** One statement, hence all or nothing. The keys are sorted, so that two batches can't deadlock. */
    async applyBatch(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
      if (conditions.length > 0) {
        const isApplied = await applyIf({ pool, prepared, escapeLiteral }, this.#table, {
          conditions,
          changes,
        });
        if (!isApplied) throw new ConditionFailed();
        return;
      }
      const written = changes.filter(({ text }) => text !== null);
      const deleted = changes.filter(({ text }) => text === null).map(({ key }) => key);
      const gone = `DELETE FROM ${this.#table} WHERE key = ANY($1::text[])`;
      if (written.length === 0) {
        await prepared.query(gone, [deleted]);
        return;
      }
      await prepared.query(
        `WITH gone AS (${gone}) INSERT INTO ${this.#table}(key, value) SELECT * FROM UNNEST($2::text[], $3::text[])
          ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
        [deleted, written.map(({ key }) => key), written.map(({ text }) => text)],
      );
    }

    async *keys(prefix: string): AsyncGenerator<readonly string[]> {
      const page = `SELECT key FROM ${this.#table} WHERE key > $1 AND left(key, $2) = $3 ORDER BY key LIMIT ${KEYS_PER_PAGE}`;
      for (let last: string | undefined = ""; last !== undefined;) {
        const found = await pool.query<{ key: string }>(page, [last, prefix.length, prefix]);
        const keys: readonly string[] = found.rows.map(({ key }) => key);
        yield keys;
        last = keys.length < KEYS_PER_PAGE ? undefined : keys.at(-1);
      }
    }

    isPermanent(error: unknown): boolean {
      return DATA_ERROR.test(sqlStateOf(error) ?? "");
    }

    /** The server answered, or the statement was never sent. */
    isOver(error: unknown): boolean {
      const { syscall, message } = error as { readonly syscall?: unknown; readonly message?: unknown };
      return sqlStateOf(error) !== undefined || syscall === "connect" || NO_CONNECTION.test(String(message));
    }

    /** Of the server, in milliseconds. */
    async now(): Promise<number> {
      const milliseconds = "floor(extract(epoch FROM clock_timestamp()) * 1000)::float8";
      const { rows } = await pool.query<{ now: number }>(`SELECT ${milliseconds} AS now`);
      return (rows[0] as { now: number }).now;
    }

    override disconnect(): Promise<void> {
      return end();
    }
  };
}

/** The server's code of an error; undefined when the error is not an answer of the server. */
function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  return typeof code === "string" && code.length === 5 && severity !== undefined ? code : undefined;
}
