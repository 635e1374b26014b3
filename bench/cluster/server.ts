/** A Redis or Postgres of its own for a cluster that is measured, so that what it does is what the nodes asked for. */
import { readdirSync, readFileSync } from "node:fs";
import { createClient } from "@keyv/redis";
import pg from "pg";
import { startPostgres, startRedis, type Started } from "../../test/support/servers.js";

/** The kinds of servers that nodes share. */
export const SERVER_KINDS = ["redis", "postgres"] as const;
/** One of them. */
export type ServerKind = (typeof SERVER_KINDS)[number];

/** What a server has done since it started. */
interface Done {
  /** Commands of Redis, those of scripts included; transactions of Postgres. */
  readonly commands: number;
  readonly cpuMs: number;
  /** Of the write-ahead log of Postgres; 0 on Redis. */
  readonly walBytes: number;
}

/** See the head of this file. */
export interface OwnServer {
  readonly kind: ServerKind;
  readonly url: string;
  done(): Promise<Done>;
  /** Does now what it would do later by itself, because of what was written before. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

/** Starts one. Rejects where the programs are not installed. */
export async function startOwnServer(kind: ServerKind): Promise<OwnServer> {
  const started = await (kind === "redis" ? startRedis() : startPostgres());
  if (started === undefined) throw new Error(`The bench of the cluster needs ${kind} installed`);
  return kind === "redis" ? redisServer(started) : postgresServer(started);
}

async function redisServer({ url, stop }: Started): Promise<OwnServer> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return {
    kind: "redis",
    url,
    done: async () => {
      const info = await client.info();
      const figure = (name: string): number => Number(new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]);
      const cpuMs = (figure("used_cpu_sys") + figure("used_cpu_user")) * 1_000;
      return { commands: figure("total_commands_processed"), cpuMs, walBytes: 0 };
    },
    settle: async () => {},
    end: async () => {
      client.destroy();
      await stop();
    },
  };
}

async function postgresServer({ url, pid, stop }: Started): Promise<OwnServer> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return {
    kind: "postgres",
    url,
    done: async () => {
      const { rows } = await client.query<{ commits: string; wal: string }>(
        "SELECT xact_commit AS commits, pg_current_wal_lsn() - '0/0' AS wal FROM pg_stat_database WHERE datname = current_database()",
      );
      const { commits, wal } = rows[0] ?? { commits: "0", wal: "0" };
      return { commands: Number(commits), cpuMs: processorOf(pid), walBytes: Number(wal) };
    },
    settle: async () => {
      await client.query("VACUUM ANALYZE");
      await client.query("CHECKPOINT");
    },
    end: async () => {
      await client.end();
      await stop();
    },
  };
}

const TICK_MS = 10;

/** The processor time of a process, of its children that run, and of those that have ended, in milliseconds. Reads /proc: NaN without it. */
function processorOf(pid: number): number {
  try {
    const own = statOf(String(pid));
    const children = readdirSync("/proc").filter(
      (name) => /^\d+$/.test(name) && statOf(name)[1] === String(pid),
    );
    // The 14th and 15th after the name of the program: ticks of children that have ended, as user and in the kernel.
    const ended = (Number(own[13]) + Number(own[14])) * TICK_MS;
    return [String(pid), ...children].reduce((sum, name) => sum + runMs(name), ended);
  } catch {
    return NaN;
  }
}

/** What follows the name of the program, which is in brackets: its state, its parent, … Empty when the process has ended. */
function statOf(pid: string): readonly string[] {
  return readIfThere(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
}

/** In nanoseconds there; a tick is more than a quiet server needs in seconds. */
function runMs(pid: string): number {
  return Number(readIfThere(`/proc/${pid}/schedstat`).split(" ")[0]) / 1e6;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
