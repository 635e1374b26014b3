/** Sends notifications of Postgres: many in one statement while the one before is under way, in the order in which they came. */
import { randomUUID } from "node:crypto";
import type { QueryResult } from "pg";
import { MAX_WAITING, NotSent } from "./bus.js";

/** Where messages are that are too long for a notification. */
export const TABLE = "zpwoot_bus";

/** The largest text that goes in a notification itself, in bytes: Postgres takes less than 8,000. */
const LARGEST_NOTICE = 7_000;

/** How many messages one statement sends. */
const BATCH = 500;

/** One statement after the other on one connection. */
export type Ask = <Row extends object>(text: string, values?: unknown[]) => Promise<QueryResult<Row>>;

interface Waiting {
  readonly channel: string;
  readonly text: string;
  readonly sent: () => void;
  readonly failed: (error: unknown) => void;
}

/** The messages that wait for the server. */
export class PostgresOutbox {
  #ask: Ask | undefined;
  #waiting: Waiting[] = [];
  #characters = 0;
  #isSending = false;
  /** Postgres sends two equal notifications of one transaction once. */
  #count = 0;

  /** Sends over this connection from now on. */
  attach(ask: Ask): void {
    this.#ask = ask;
  }

  /** The connection is gone, with what waits for it. */
  detach(): void {
    this.#ask = undefined;
    this.#characters = 0;
    for (const { failed } of this.#waiting.splice(0)) failed(notConnected(false));
  }

  /** Settles when the server has it. Rejects with {@link NotSent}, or as the statement does. */
  send(channel: string, text: string): Promise<void> {
    if (this.#ask === undefined) return Promise.reject(notConnected(false));
    if (
      this.#waiting.length >= MAX_WAITING.messages ||
      this.#characters + text.length > MAX_WAITING.characters
    )
      return Promise.reject(new NotSent("Postgres", "too many messages wait for it", false));
    const settled = new Promise<void>((sent, failed) => this.#waiting.push({ channel, text, sent, failed }));
    this.#characters += text.length;
    void this.#run();
    return settled;
  }

  async #run(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (;;) {
      const ask = this.#ask;
      const batch = this.#waiting.splice(0, BATCH);
      if (ask === undefined || batch.length === 0) break;
      this.#characters -= batch.reduce((sum, { text }) => sum + text.length, 0);
      try {
        await this.#notify(ask, batch);
        for (const { sent } of batch) sent();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#isSending = false;
  }

  async #notify(ask: Ask, batch: readonly Waiting[]): Promise<void> {
    const long = new Map<string, string>();
    const payloads = batch.map(({ text }) => {
      this.#count += 1;
      if (Buffer.byteLength(text) <= LARGEST_NOTICE) return `${this.#count}:${text}`;
      const id = randomUUID();
      long.set(id, text);
      return `@${id}`;
    });
    if (long.size > 0)
      await ask(`INSERT INTO ${TABLE}(id, body) SELECT * FROM UNNEST($1::text[], $2::text[])`, [
        [...long.keys()],
        [...long.values()],
      ]);
    await ask(
      `SELECT pg_notify(channel, payload) FROM UNNEST($1::text[], $2::text[]) AS t(channel, payload)`,
      [batch.map(({ channel }) => channel), payloads],
    );
  }
}

/** The text that a notification stands for; undefined when it is not kept any more. */
export async function readLong(ask: Ask, payload: string): Promise<string | undefined> {
  if (!payload.startsWith("@")) return payload.slice(payload.indexOf(":") + 1);
  const { rows } = await ask<{ body: string }>(`SELECT body FROM ${TABLE} WHERE id = $1`, [payload.slice(1)]);
  return rows[0]?.body;
}

function notConnected(maybe: boolean): NotSent {
  return new NotSent("Postgres", "it is not connected", maybe);
}
