/**
 * A batch with conditions on Postgres: one statement, hence all or nothing. It locks the rows that its conditions name and looks
 * at their newest version; without the lock, another process could commit between the look and the write.
 *
 * - A row that the batch leaves alone (the fence) is locked FOR SHARE: batches don't wait for each other, only for a change of it.
 * - A row that the batch changes is locked FOR UPDATE: two that share a lock and then both write would deadlock.
 * - A key that must be absent is inserted without ON CONFLICT: the unique index refuses the second of two.
 * - One that must be absent and stays so is inserted and deleted again, in one transaction with the batch.
 */
import type { Pool } from "pg";
import type { Change } from "./driver.js";

/** The SQLSTATE of a key that exists already. */
export const UNIQUE_VIOLATION = "23505";

/** A batch and what must hold for it. */
export interface ConditionalBatch {
  readonly conditions: readonly Change[];
  readonly changes: readonly Change[];
}

/** What a pool and its texts can do. */
export interface ConditionalPool {
  readonly pool: Pick<Pool, "query">;
  /** A text as a literal of SQL. */
  readonly escapeLiteral: (text: string) => string;
}

/** How a list of texts is written into a statement. */
type ListOf = (texts: readonly (string | null)[]) => string;

/** Applies the changes if all conditions hold; settles with whether they did. */
export async function applyIf(
  { pool, escapeLiteral }: ConditionalPool,
  table: string,
  batch: ConditionalBatch,
): Promise<boolean> {
  const inserted = new Set(batch.changes.filter(({ text }) => text !== null).map(({ key }) => key));
  const vacant = batch.conditions.filter(({ key, text }) => text === null && !inserted.has(key));
  try {
    const { rows } =
      vacant.length === 0
        ? await withParameters(pool, table, batch)
        : await besideVacantKeys({ pool, escapeLiteral }, table, { batch, vacant });
    return rows[0]?.open === true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

interface Answer {
  readonly rows: readonly { readonly open: boolean }[];
}

async function withParameters(
  pool: Pick<Pool, "query">,
  table: string,
  batch: ConditionalBatch,
): Promise<Answer> {
  const values: (readonly (string | null)[])[] = [];
  const statement = conditionalStatement(table, batch, (texts) => `$${values.push(texts)}::text[]`);
  return pool.query<{ open: boolean }>(statement, values);
}

/** Three statements in one message are one transaction. Such a message can't have parameters. */
async function besideVacantKeys(
  { pool, escapeLiteral }: ConditionalPool,
  table: string,
  { batch, vacant }: { readonly batch: ConditionalBatch; readonly vacant: readonly Change[] },
): Promise<Answer> {
  const list: ListOf = (texts) =>
    `ARRAY[${texts.map((text) => (text === null ? "NULL" : escapeLiteral(text))).join()}]::text[]`;
  const keys = list(vacant.map(({ key }) => key).sort());
  const statements = [
    `INSERT INTO ${table}(key, value) SELECT key, '' FROM UNNEST(${keys}) AS vacant(key)`,
    conditionalStatement(table, batch, list),
    `DELETE FROM ${table} WHERE key = ANY(${keys})`,
  ];
  // pg answers several statements with a list, which its types don't know.
  const answers = (await pool.query(statements.join(";\n"))) as unknown as readonly Answer[];
  return answers[1] as Answer;
}

/** The statement returns whether its conditions held; keys that must be absent fail it instead. */
function conditionalStatement(
  table: string,
  { conditions, changes }: ConditionalBatch,
  list: ListOf,
): string {
  const present = conditions.filter(({ text }) => text !== null);
  const absent = new Set(conditions.filter(({ text }) => text === null).map(({ key }) => key));
  const touched = new Set(changes.map(({ key }) => key));
  const written = changes.filter(({ text }) => text !== null);
  const deleted = changes.filter(({ text }) => text === null).map(({ key }) => key);
  const open = "(SELECT open FROM gate)";
  const insert = (some: readonly Change[]): string =>
    `INSERT INTO ${table}(key, value) SELECT * FROM UNNEST(${keysOf(some, list)}, ${textsOf(some, list)}) WHERE ${open}`;
  const fresh = written.filter(({ key }) => absent.has(key));
  const replaced = written.filter(({ key }) => !absent.has(key));
  const kept = present.filter(({ key }) => !touched.has(key));
  const changed = present.filter(({ key }) => touched.has(key));
  const parts = [
    kept.length > 0 && locked("kept", table, { rows: kept, lock: "SHARE" }, list),
    changed.length > 0 && locked("changed", table, { rows: changed, lock: "UPDATE" }, list),
    `gate AS MATERIALIZED (SELECT ${countOf("kept", kept)} AND ${countOf("changed", changed)} AS open)`,
    deleted.length > 0 && `gone AS (DELETE FROM ${table} WHERE key = ANY(${list(deleted)}) AND ${open})`,
    fresh.length > 0 && `fresh AS (${insert(fresh)})`,
    replaced.length > 0 &&
      `replaced AS (${insert(replaced)} ON CONFLICT(key) DO UPDATE SET value = excluded.value)`,
  ];
  return `WITH ${parts.filter((part) => part !== false).join(",\n")}\nSELECT open FROM gate`;
}

/** The rows that have their texts, locked in the order of their keys. */
function locked(
  name: string,
  table: string,
  { rows, lock }: { readonly rows: readonly Change[]; readonly lock: string },
  list: ListOf,
): string {
  const keys = keysOf(rows, list);
  const pairs = `SELECT * FROM UNNEST(${keys}, ${textsOf(rows, list)})`;
  return `${name} AS MATERIALIZED (SELECT key FROM ${table} WHERE key = ANY(${keys}) AND (key, value) IN (${pairs}) ORDER BY key FOR ${lock})`;
}

function countOf(name: string, rows: readonly Change[]): string {
  return rows.length === 0 ? "true" : `(SELECT count(*) FROM ${name}) = ${rows.length}`;
}

function keysOf(changes: readonly Change[], list: ListOf): string {
  return list(changes.map(({ key }) => key));
}

function textsOf(changes: readonly Change[], list: ListOf): string {
  return list(changes.map(({ text }) => text));
}
