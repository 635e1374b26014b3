/**
 * A batch with conditions on Postgres: one statement, hence all or nothing. It locks the rows that its conditions name and looks
 * at their newest version; without the lock, another process could commit between the look and the write.
 *
 * - A row that the batch leaves alone (the fence) is locked FOR SHARE: batches don't wait for each other, only for a change of it.
 * - A row that the batch changes is locked FOR UPDATE: two that share a lock and then both write would deadlock.
 * - A key that must be absent is inserted without ON CONFLICT: the unique index refuses the second of two.
 * - One that must be absent and stays so is inserted and deleted again, in one transaction with the batch.
 */
import type { Pool, QueryResult } from "pg";
import type { Change } from "./driver.js";
import type { PreparedStatements } from "./prepared-statements.js";

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
  readonly prepared: Pick<PreparedStatements, "query">;
  /** A text as a literal of SQL. */
  readonly escapeLiteral: (text: string) => string;
}

/** Applies the changes if all conditions hold; settles with whether they did. */
export async function applyIf(
  pools: ConditionalPool,
  table: string,
  batch: ConditionalBatch,
): Promise<boolean> {
  const inserted = new Set(batch.changes.filter(({ text }) => text !== null).map(({ key }) => key));
  const vacant = batch.conditions.filter(({ key, text }) => text === null && !inserted.has(key));
  try {
    const { rowCount } =
      vacant.length === 0
        ? await withParameters(pools, table, batch)
        : await besideVacantKeys(pools, table, { batch, vacant });
    return (rowCount ?? 0) > 0;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

/** How texts are written into a statement. */
interface Notation {
  readonly text: (value: string | null) => string;
  readonly list: (values: readonly (string | null)[]) => string;
}

type Answer = Pick<QueryResult, "rowCount">;

async function withParameters(
  { pool, prepared }: ConditionalPool,
  table: string,
  batch: ConditionalBatch,
): Promise<Answer> {
  const values: unknown[] = [];
  const parameters: Notation = {
    text: (value) => `$${values.push(value)}::text`,
    list: (texts) => `$${values.push(texts)}::text[]`,
  };
  const { text, isCommon } = conditionalStatement(table, batch, parameters);
  return isCommon ? prepared.query(text, values) : pool.query(text, values);
}

/** Three statements in one message are one transaction. Such a message can't have parameters. */
async function besideVacantKeys(
  { pool, escapeLiteral }: ConditionalPool,
  table: string,
  { batch, vacant }: { readonly batch: ConditionalBatch; readonly vacant: readonly Change[] },
): Promise<Answer> {
  const text = (value: string | null): string => (value === null ? "NULL" : escapeLiteral(value));
  const literals: Notation = { text, list: (values) => `ARRAY[${values.map(text).join()}]::text[]` };
  const keys = literals.list(vacant.map(({ key }) => key).sort());
  const statements = [
    `INSERT INTO ${table}(key, value) SELECT key, '' FROM UNNEST(${keys}) AS vacant(key)`,
    conditionalStatement(table, batch, literals).text,
    `DELETE FROM ${table} WHERE key = ANY(${keys})`,
  ];
  // pg answers several statements with a list, which its types don't know.
  const answers = (await pool.query(statements.join(";\n"))) as unknown as readonly Answer[];
  return answers[1] as Answer;
}

/** The changes of a batch and the rows of its conditions, by what becomes of them. */
interface Parts {
  /** Rows that the batch leaves alone. */
  readonly kept: readonly Change[];
  /** Rows that it changes. */
  readonly changed: readonly Change[];
  readonly deleted: readonly string[];
  /** Records whose keys must be absent. */
  readonly fresh: readonly Change[];
  readonly replaced: readonly Change[];
}

function partsOf({ conditions, changes }: ConditionalBatch): Parts {
  const touched = new Set(changes.map(({ key }) => key));
  const absent = new Set(conditions.filter(({ text }) => text === null).map(({ key }) => key));
  const present = conditions.filter(({ text }) => text !== null);
  const written = changes.filter(({ text }) => text !== null);
  return {
    kept: present.filter(({ key }) => !touched.has(key)),
    changed: present.filter(({ key }) => touched.has(key)),
    deleted: changes.filter(({ text }) => text === null).map(({ key }) => key),
    fresh: written.filter(({ key }) => absent.has(key)),
    replaced: written.filter(({ key }) => !absent.has(key)),
  };
}

/** A statement, and whether nearly every write has its text. */
interface Statement {
  readonly text: string;
  readonly isCommon: boolean;
}

/** A statement that counts no row when a condition did not hold; keys that must be absent fail it instead. */
function conditionalStatement(table: string, batch: ConditionalBatch, notation: Notation): Statement {
  const parts = partsOf(batch);
  const { kept, changed, deleted, fresh, replaced } = parts;
  const isOnlyFenced = kept.length === 1 && changed.length + deleted.length + fresh.length === 0;
  if (!isOnlyFenced || replaced.length === 0)
    return { text: generalStatement(table, parts, notation), isCommon: false };
  // What nearly every write is: records to replace, under the one condition of the fence. Its own form is planned sooner.
  const when = `EXISTS (${found(table, kept, notation)} FOR SHARE)`;
  return { text: replace(table, { rows: replaced, when }, notation), isCommon: true };
}

function generalStatement(
  table: string,
  { kept, changed, deleted, fresh, replaced }: Parts,
  notation: Notation,
): string {
  const locks = [
    { name: "kept", rows: kept, lock: "SHARE" },
    { name: "changed", rows: changed, lock: "UPDATE" },
  ].filter(({ rows }) => rows.length > 0);
  const when =
    locks.map(({ name, rows }) => `(SELECT count(*) FROM ${name}) = ${rows.length}`).join(" AND ") || "true";
  const writes = [
    deleted.length > 0 && `DELETE FROM ${table} WHERE key = ANY(${notation.list(deleted)}) AND ${when}`,
    // The last one counts, and a deletion may find no row although the conditions hold.
    fresh.length + replaced.length === 0 && `SELECT 1 WHERE ${when}`,
    fresh.length > 0 && insert(table, { rows: fresh, when }, notation),
    replaced.length > 0 && replace(table, { rows: replaced, when }, notation),
  ].filter((part) => part !== false);
  const before = [
    ...locks.map(
      ({ name, rows, lock }) => `${name} AS MATERIALIZED (${found(table, rows, notation)} FOR ${lock})`,
    ),
    ...writes.slice(0, -1).map((write, index) => `write${index} AS (${write})`),
  ];
  return `${before.length > 0 ? `WITH ${before.join(",\n")}\n` : ""}${writes.at(-1) ?? ""}`;
}

interface Insertion {
  readonly rows: readonly Change[];
  readonly when: string;
}

function insert(table: string, { rows, when }: Insertion, notation: Notation): string {
  return `INSERT INTO ${table}(key, value) SELECT * FROM UNNEST(${lists(rows, notation)}) WHERE ${when}`;
}

function replace(table: string, insertion: Insertion, notation: Notation): string {
  return `${insert(table, insertion, notation)} ON CONFLICT(key) DO UPDATE SET value = excluded.value`;
}

/** More conditions than these are written as lists, which costs the planner more for few and less for many. */
const MAX_PAIRS = 8;

/** Finds the rows that have their texts, in the order of their keys: those who lock in one order don't deadlock. */
function found(table: string, rows: readonly Change[], notation: Notation): string {
  const keys = rows.map(({ key }) => key);
  if (rows.length > MAX_PAIRS)
    return `SELECT key FROM ${table} WHERE key = ANY(${notation.list(keys)}) AND (key, value) IN (SELECT * FROM UNNEST(${lists(rows, notation)})) ORDER BY key`;
  const pairs = rows.map(
    ({ key, text }) => `(key = ${notation.text(key)} AND value = ${notation.text(text)})`,
  );
  return `SELECT key FROM ${table} WHERE ${pairs.join(" OR ")}${rows.length > 1 ? " ORDER BY key" : ""}`;
}

/** Keys and texts, as two lists. */
function lists(changes: readonly Change[], { list }: Notation): string {
  return `${list(changes.map(({ key }) => key))}, ${list(changes.map(({ text }) => text))}`;
}
