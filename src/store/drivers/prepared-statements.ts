/**
 * Statements that Postgres plans once per connection instead of at every call: a quarter of what a small write takes. A pooler that gives
 * each transaction another connection may know no prepared statements; then, and from then on, they are sent as plain ones.
 */
import { createHash } from "node:crypto";
import type { Pool, QueryResult, QueryResultRow } from "pg";

/** SQLSTATEs of a statement that is prepared on another connection than the one it ran on. */
const ELSEWHERE: readonly unknown[] = ["26000", "42P05"];

/** Distinct texts. Statements of this package have few. */
const MAX_STATEMENTS = 50;

/** Runs statements in a pool. */
export class PreparedStatements {
  readonly #pool: Pick<Pool, "query">;
  /** By text. */
  readonly #names = new Map<string, string>();
  #canPrepare = true;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /** Settles and rejects as the pool's `query`. Texts must not have values in them: each is kept by the server. */
  async query<Row extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<Row>> {
    const name = this.#canPrepare ? this.#nameOf(text) : undefined;
    if (name === undefined) return this.#pool.query<Row>(text, values);
    try {
      return await this.#pool.query<Row>({ name, text, values });
    } catch (error) {
      if (!ELSEWHERE.includes((error as { readonly code?: unknown }).code)) throw error;
      this.#canPrepare = false;
      return this.#pool.query<Row>(text, values);
    }
  }

  /** Of the text, because tables share a connection behind a pooler. Postgres cuts names after 63 characters. */
  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= MAX_STATEMENTS) return known;
    const name = `zpwoot_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    this.#names.set(text, name);
    return name;
  }
}
