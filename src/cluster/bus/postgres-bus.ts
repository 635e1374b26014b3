/**
 * The bus on Postgres: LISTEN and NOTIFY. A notification has less than 8,000 bytes, so that a longer message goes through a table. Nobody
 * says how many listen.
 */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { createHash } from "node:crypto";
import type * as Pg from "pg";
import type { Client, Notification } from "pg";
import { backoffMs } from "../../async/backoff.js";
import { withDeadline } from "../../async/deadline.js";
import { SerialQueue } from "../../async/serial-queue.js";
import { optionalPackage } from "../../store/drivers/optional-package.js";
import { type Bus, type BusListener, type BusOptions, NotSent, pingPauseMs, PUBLISH_MS } from "./bus.js";
import { BusState } from "./bus-state.js";
import { type Ask, PostgresOutbox, readLong, TABLE } from "./postgres-outbox.js";

const CONNECT_TIMEOUT_MS = 3_000;
/** While nobody else is there, it is looked so often whether that has changed; the server is asked one time in so many. */
const QUIET_PACE = { lookMs: 10_000, looks: 6 } as const;
const SILENT_MS = 3_000;
const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 };
/** How long a message that is too long for a notification is kept in the table. */
const KEPT_SECONDS = 120;
const SWEEP_MS = 30_000;

/** See the head of this file. */
export class PostgresBus implements Bus {
  readonly description: string;
  readonly #options: BusOptions;
  readonly #state = new BusState();
  readonly #listeners = new Map<string, BusListener>();
  readonly #receiving = new SerialQueue();
  readonly #outbox = new PostgresOutbox();
  readonly #closing = new AbortController();
  #receiver: Ask | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
    const { host, pathname } = new URL(options.url);
    this.description = `postgres://${host}${pathname}`;
  }

  get up(): boolean {
    return this.#state.up;
  }

  onChange(listener: (up: boolean) => void): void {
    this.#state.onChange(listener);
  }

  async open(): Promise<void> {
    await optionalPackage("@keyv/postgres", "Postgres", () => import("@keyv/postgres"));
    const first = (["sender", "receiver"] as const).map(
      (part) => new Promise<void>((tried) => void this.#keep(part, tried)),
    );
    await Promise.all(first);
  }

  async listen(channel: string, listener: BusListener): Promise<void> {
    this.#listeners.set(channel, listener);
    await this.#receiver?.(`LISTEN ${this.#named(channel)}`).catch(this.#options.onError);
  }

  leave(channel: string): void {
    if (!this.#listeners.delete(channel)) return;
    this.#receiver?.(`UNLISTEN ${this.#named(channel)}`).catch(this.#options.onError);
  }

  async publish(channel: string, text: string): Promise<undefined> {
    try {
      await withDeadline(this.description, PUBLISH_MS, () => this.#outbox.send(this.#named(channel), text));
    } catch (error) {
      if (error instanceof NotSent) throw error;
      throw new NotSent(this.description, (error as Error).message, true);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#outbox.detach();
    this.#state.set("sender", false);
    this.#state.set("receiver", false);
  }

  /** At most 63 characters, and none that needs quotes. */
  #named(channel: string): string {
    const hash = createHash("sha256").update(`${this.#options.prefix}:${channel}`).digest("hex");
    return `zpwoot_${hash.slice(0, 40)}`;
  }

  /** Holds one connection, and makes another when it is lost. */
  async #keep(part: "sender" | "receiver", tried: () => void): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const waitMs = failures === 0 ? 0 : backoffMs(failures, RECONNECT_BACKOFF, Math.random, 0.5);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      const client = this.#client();
      let leave = (): void => {};
      const lost = new Promise<void>((resolve) => {
        client.on("error", (error) => (this.#options.onError(error), resolve()));
        client.on("end", () => resolve());
        leave = resolve;
        signal.addEventListener("abort", leave, { once: true });
      });
      try {
        await client.connect();
        const ask = this.#oneAtATime(client);
        await (part === "receiver" ? this.#receive(client, ask) : this.#send(ask));
        this.#state.set(part, true);
        failures = 0;
        tried();
        await Promise.race([lost, this.#untilSilent(ask, part)]);
      } catch (error) {
        this.#options.onError(error);
      }
      signal.removeEventListener("abort", leave);
      this.#drop(client, part);
      tried();
    }
    tried();
  }

  #client(): Client {
    const adapter = createRequire(import.meta.url).resolve("@keyv/postgres");
    const pg = createRequire(adapter)("pg") as typeof Pg;
    const url = new URL(this.#options.url);
    // Of a store's URL, for this package.
    for (const name of ["table", "schema", "max"]) url.searchParams.delete(name);
    return new pg.Client({
      connectionString: url.href,
      application_name: "zpwoot cluster",
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
  }

  /** The client's own queue is going away, says pg; and its time-out blames the server when this process stood still. */
  #oneAtATime(client: Client): Ask {
    const queue = new SerialQueue();
    return (text, values) =>
      queue.run(() => withDeadline(this.description, SILENT_MS, () => client.query(text, values)));
  }

  #drop(client: Client, part: "sender" | "receiver"): void {
    this.#state.set(part, false);
    if (part === "receiver") this.#receiver = undefined;
    else this.#outbox.detach();
    client.on("error", () => {});
    // Its own end waits for a server that may say nothing.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  async #send(ask: Ask): Promise<void> {
    await ask(
      `CREATE UNLOGGED TABLE IF NOT EXISTS ${TABLE}(id TEXT PRIMARY KEY, body TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())`,
    ).catch((error: unknown) => {
      // Two nodes that make it at once: it is there then.
      if (!["23505", "42P07"].includes(String((error as { code?: unknown }).code))) throw error;
    });
    this.#outbox.attach(ask);
  }

  async #receive(client: Client, ask: Ask): Promise<void> {
    client.on("notification", (notice) => this.#arrived(ask, notice));
    for (const channel of this.#listeners.keys()) await ask(`LISTEN ${this.#named(channel)}`);
    this.#receiver = ask;
    // Those that were added meanwhile.
    for (const channel of this.#listeners.keys()) await ask(`LISTEN ${this.#named(channel)}`);
  }

  /** In order, although a long message is read from the table first. */
  #arrived(ask: Ask, { channel, payload = "" }: Notification): void {
    const listen = [...this.#listeners].find(([name]) => this.#named(name) === channel)?.[1];
    if (listen === undefined) return;
    void this.#receiving.run(async () => {
      try {
        const text = await readLong(ask, payload);
        if (text !== undefined) listen(text);
      } catch (error) {
        this.#options.onError(error);
      }
    });
  }

  /** Settles when it is time to ask whether the server still answers. */
  async #untilDue(): Promise<void> {
    const { signal } = this.#closing;
    const pauseMs = (): number => pingPauseMs(this.#options, QUIET_PACE.lookMs);
    for (let looks = 1; ; looks += 1) {
      await sleep(pauseMs(), undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted || pauseMs() < QUIET_PACE.lookMs || looks === QUIET_PACE.looks) return;
    }
  }

  /** Settles when the connection gives no answer any more. */
  async #untilSilent(ask: Ask, part: "sender" | "receiver"): Promise<void> {
    const { signal } = this.#closing;
    let sweptAt = performance.now();
    while (!signal.aborted) {
      await this.#untilDue();
      if (signal.aborted) return;
      const sweeps = part === "sender" && performance.now() - sweptAt > SWEEP_MS;
      if (sweeps) sweptAt = performance.now();
      const question = sweeps
        ? `DELETE FROM ${TABLE} WHERE at < now() - interval '${KEPT_SECONDS} seconds'`
        : "SELECT 1";
      await withDeadline(this.description, SILENT_MS, () => ask(question));
    }
  }
}
