/**
 * The servers of a cluster, and what their own eyes see of every write to its store: who sent it, and whom the store named as the holder
 * of the session at that moment. On Postgres a trigger tells, within the write's own transaction; on Redis MONITOR does, in the order
 * in which the server runs commands.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import pg from "pg";
import { DATABASE_URL, postgresTable, REDIS_URL, redisNamespace } from "../../support/places.js";

/** What the store saw. */
export type StoreFact =
  | {
      readonly saw: "holder";
      readonly session: string;
      readonly node: string | null | undefined;
      readonly epoch: number;
      readonly at: number;
    }
  | {
      readonly saw: "wrote";
      readonly session: string;
      readonly port: number;
      readonly node: string | null | undefined;
      readonly at: number;
    }
  | { readonly saw: "queued"; readonly session: string; readonly delivery: string; readonly at: number };

/** One of them, whose moment is still to be added. */
type Untimed<Fact> = Fact extends unknown ? Omit<Fact, "at"> : never;

/** Where a server listens. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** A store that is watched. */
export interface WatchedStore {
  readonly url: string;
  readonly server: Server;
  /** Called with each fact, in their order. Settles when all writes from now on are seen; to be called when the store was opened once. */
  readonly watch: (onFact: (fact: StoreFact) => void) => Promise<void>;
  /** Settles when all that has happened was told. */
  readonly seen: () => Promise<void>;
  /** The deliveries that are in an outbox. */
  readonly queued: () => Promise<readonly string[]>;
  readonly dispose: () => Promise<void>;
}

/** Where a cluster has its truth and its bus. */
export interface ClusterPlace {
  readonly store: WatchedStore;
  readonly busUrl: string;
  readonly busServer: Server;
}

/** All combinations. */
export const CLUSTER_PLACES: Readonly<Record<string, () => Promise<ClusterPlace>>> = {
  Redis: async () => placeOf(await watchedRedis(), REDIS),
  Postgres: async () => placeOf(await watchedPostgres(), POSTGRES),
  "Redis, bus on Postgres": async () => placeOf(await watchedRedis(), POSTGRES),
  "Postgres, bus on Redis": async () => placeOf(await watchedPostgres(), REDIS),
};

interface BusServer {
  readonly url: string;
  readonly server: Server;
}

const REDIS: BusServer = { url: REDIS_URL, server: serverOf(REDIS_URL, 6_379) };
const POSTGRES: BusServer = { url: DATABASE_URL, server: serverOf(DATABASE_URL, 5_432) };

function placeOf(store: WatchedStore, bus: BusServer): ClusterPlace {
  return { store, busUrl: bus.url, busServer: bus.server };
}

function serverOf(url: string, port: number): Server {
  const parsed = new URL(url);
  return { host: parsed.hostname, port: Number(parsed.port || port) };
}

/** What lies under `wa/<this>/` and is no session. */
const NOT_SESSIONS: readonly string[] = [
  ...[
    "sentinel",
    "owner",
    "owner-lease",
    "journal",
    "api-keys",
    "api-key",
    "client-version",
    "index",
    "name",
  ],
  ...["tombstones", "tombstone", "cluster", "nodes", "node", "node-lease", "holder"],
];
const LOOK_MS = 100;
/** The newest that are looked for. */
const MISSING = 2_000;

async function watchedPostgres(): Promise<WatchedStore> {
  const { url, table, dispose } = postgresTable();
  const log = `${table}_w`;
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 });
  let looking: Promise<void> | undefined;
  let over = false;
  const numbers = new SerialNumbers();
  let tell: (fact: StoreFact) => void = () => {};
  const look = async (): Promise<void> => {
    const { rows } = await pool.query<LogRow>(
      `SELECT n::text, at, port, session, kind, text FROM ${log} WHERE n > $1 OR n = ANY($2) ORDER BY n`,
      [numbers.last, numbers.missing],
    );
    for (const row of rows) {
      numbers.saw(Number(row.n));
      tell(factOf(row));
    }
  };
  return {
    url,
    server: POSTGRES.server,
    watch: async (onFact) => {
      tell = onFact;
      await pool.query(triggerOn(table, log));
      looking = (async () => {
        while (!over) {
          await look();
          await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        }
      })();
    },
    seen: async () => {
      // A transaction that took its number early may commit late.
      await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_MS));
      await look();
    },
    queued: async () => {
      const { rows } = await pool.query<{ value: string }>(
        `SELECT value FROM ${table} WHERE key ~ '^wa/[^/]+/webhook/q[.][0-9]+$'`,
      );
      return rows.flatMap(({ value }) => deliveryIn(value) ?? []);
    },
    dispose: async () => {
      over = true;
      await looking?.catch(() => {});
      await pool.query(`DROP TABLE IF EXISTS ${log} CASCADE; DROP FUNCTION IF EXISTS ${log}_f CASCADE`);
      await pool.end();
      await dispose();
    },
  };
}

/** A transaction takes its numbers early and may commit late: those that are missing may still come. One that was refused leaves its own out. */
class SerialNumbers {
  last = 0;
  readonly #missing = new Set<number>();

  get missing(): readonly number[] {
    return [...this.#missing];
  }

  saw(n: number): void {
    this.#missing.delete(n);
    for (let between = this.last + 1; between < n; between += 1) this.#missing.add(between);
    this.last = Math.max(this.last, n);
    for (const old of this.#missing) {
      if (this.#missing.size <= MISSING) return;
      this.#missing.delete(old);
    }
  }
}

interface LogRow {
  readonly n: string;
  readonly at: number;
  readonly port: number;
  readonly session: string;
  readonly kind: "holder" | "wrote" | "queued";
  readonly text: string | null;
}

function factOf({ at, port, session, kind, text }: LogRow): StoreFact {
  if (kind === "queued") return { saw: "queued", session, delivery: deliveryIn(text ?? "") ?? "?", at };
  const { node, epoch } = holderIn(text);
  return kind === "holder"
    ? { saw: "holder", session, node, epoch, at }
    : { saw: "wrote", session, port, node, at };
}

/** A row for each change of a holder, for each write to a session with the holder of that moment, and for each delivery that is queued. */
function triggerOn(table: string, log: string): string {
  const others = NOT_SESSIONS.map((name) => `'${name}'`).join();
  return `
    CREATE TABLE ${log} (n BIGSERIAL PRIMARY KEY, at FLOAT8, port INT, session TEXT, kind TEXT, text TEXT);
    CREATE FUNCTION ${log}_f() RETURNS trigger LANGUAGE plpgsql AS $f$
    DECLARE k TEXT; s TEXT; moment FLOAT8 := extract(epoch FROM clock_timestamp()) * 1000;
    BEGIN
      IF TG_OP = 'DELETE' THEN k := OLD.key; ELSE k := NEW.key; END IF;
      s := split_part(k, '/', 2);
      IF s = 'holder' THEN
        INSERT INTO ${log} (at, port, session, kind, text) VALUES (moment, inet_client_port(), substr(split_part(k, '/', 3), 4),
          'holder', CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE NEW.value END);
      ELSIF s NOT IN (${others}) THEN
        INSERT INTO ${log} (at, port, session, kind, text) VALUES (moment, inet_client_port(), s, 'wrote',
          (SELECT value FROM ${table} WHERE key = 'wa/holder/of-' || s));
        IF TG_OP <> 'DELETE' AND k ~ '/webhook/q[.][0-9]+$' THEN
          INSERT INTO ${log} (at, port, session, kind, text) VALUES (moment, inet_client_port(), s, 'queued', NEW.value);
        END IF;
      END IF;
      RETURN NULL;
    END $f$;
    CREATE TRIGGER ${log}_t AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${log}_f();`;
}

async function watchedRedis(): Promise<WatchedStore> {
  const { url, namespace, client, dispose } = await redisNamespace();
  const socket = connect({ ...REDIS.server });
  await once(socket, "connect");
  const monitor = new RedisMonitor(namespace);
  return {
    url,
    server: REDIS.server,
    watch: async (onFact) => {
      const lines = createInterface({ input: socket });
      lines.on("line", (line) => monitor.read(line, onFact));
      socket.write("MONITOR\r\n");
      await once(lines, "line");
    },
    // What was done before a mark is told before it.
    seen: () => monitor.passed((mark) => void client.get(mark)),
    queued: async () => {
      const keys = (await client.keys(`${namespace}*`)).filter((key) => /\/webhook\/q\.\d+$/.test(key));
      const values = keys.length === 0 ? [] : await client.mGet(keys);
      return values.flatMap((value) => (value === null ? [] : (deliveryIn(value) ?? [])));
    },
    dispose: async () => {
      socket.destroy();
      await dispose();
    },
  };
}

/** `1700000000.123456 [0 127.0.0.1:5000] "SET" "key" "value"`; within a script `lua` stands for the client. */
const MONITOR_LINE = /^\+?(\d+\.\d+) \[\d+ (\S+)\] "(\w+)" (.*)$/;
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g;

type Written = readonly (readonly [key: string, text: string | null])[];
const gone = (keys: readonly string[]): Written => keys.map((key) => [key, null]);

/** What a command writes, by its arguments. */
const WRITES: Readonly<Record<string, (said: readonly string[]) => Written>> = {
  set: ([key = "", text = ""]) => [[key, text]],
  mset: (said) => said.flatMap((key, at) => (at % 2 === 0 ? [[key, said[at + 1] ?? ""]] : [])),
  unlink: gone,
  del: gone,
};

/** A key that was set, or deleted. */
interface RedisWrite {
  readonly key: string;
  readonly text: string | null;
  readonly at: number;
}

/** Reads the lines of MONITOR. */
class RedisMonitor {
  readonly #namespace: string;
  /** The writes of a script that may go on. */
  readonly #script: RedisWrite[] = [];
  readonly #holders = new Map<string, string | null>();
  readonly #marks = new Map<string, () => void>();
  #port = 0;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  passed(send: (mark: string) => void): Promise<void> {
    const mark = `mark-${this.#namespace}-${performance.now()}`;
    return new Promise((resolve) => {
      this.#marks.set(mark, resolve);
      send(mark);
    });
  }

  read(line: string, onFact: (fact: StoreFact) => void): void {
    const [, time = "", client = "", command = "", rest = ""] = MONITOR_LINE.exec(line) ?? [];
    if (client !== "lua") this.#tellScript(onFact);
    if (!line.includes(this.#namespace)) return;
    if (client !== "lua") this.#port = Number(client.split(":").at(-1));
    const verb = command.toLowerCase();
    if (verb === "get") this.#mark(rest);
    const write = WRITES[verb];
    if (write === undefined) return;
    const said = [...rest.matchAll(ARGUMENT)].map(([, text = ""]) => plain(text));
    for (const [key, text] of write(said))
      this.#script.push({ key: key.slice(key.indexOf("wa/")), text, at: Number(time) * 1_000 });
  }

  /** What a script did was done at once: who holds a session from it on stands before what it wrote to the session. */
  #tellScript(onFact: (fact: StoreFact) => void): void {
    const order = ({ key, text }: RedisWrite): number =>
      key.startsWith("wa/holder/") ? (text === null ? 2 : 0) : 1;
    const writes = this.#script.splice(0).sort((one, other) => order(one) - order(other));
    for (const { key, text, at } of writes) this.#change(key, text, (fact) => onFact({ ...fact, at }));
  }

  #mark(rest: string): void {
    for (const [mark, resolve] of this.#marks) {
      if (!rest.includes(mark)) continue;
      this.#marks.delete(mark);
      resolve();
    }
  }

  #change(key: string, text: string | null, tell: (fact: Untimed<StoreFact>) => void): void {
    const [, session = "", family = "", id = ""] = key.split("/");
    if (session === "holder") {
      const of = family.slice("of-".length);
      this.#holders.set(of, text);
      return tell({ saw: "holder", session: of, ...holderIn(text) });
    }
    if (NOT_SESSIONS.includes(session)) return;
    tell({ saw: "wrote", session, port: this.#port, ...holderIn(this.#holders.get(session) ?? null) });
    const delivery = family === "webhook" && /^q\.\d+$/.test(id) ? deliveryIn(text ?? "") : undefined;
    if (delivery !== undefined) tell({ saw: "queued", session, delivery });
  }
}

/** Without the escapes of MONITOR, as far as they matter here. */
function plain(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/** The holder that a record names; undefined without a record. */
function holderIn(text: string | null): {
  readonly node: string | null | undefined;
  readonly epoch: number;
} {
  if (text === null) return { node: undefined, epoch: 0 };
  const [, node] = /"node":(null|"[^"]*")/.exec(text) ?? [];
  const [, epoch = "0"] = /"epoch":(\d+)/.exec(text) ?? [];
  return { node: node === undefined || node === "null" ? null : node.slice(1, -1), epoch: Number(epoch) };
}

function deliveryIn(text: string): string | undefined {
  return /"id":"(msg_[0-9a-f]{32}[^"]*)"/.exec(text)?.[1];
}
