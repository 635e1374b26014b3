/**
 * Postgres and Redis for the tests, once per run: those of `DATABASE_URL` and `REDIS_URL`, else the local ones, else our own,
 * started from installed binaries on a free port in a folder that goes with them. Where there is none, the tests say so.
 */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

const READY_MS = 15_000;

/** Somebody to run a server as. */
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** Vitest's global set-up: returns the tear-down. */
export default async function startMissingServers(): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  if (process.env["DATABASE_URL"] === undefined && !(await answers(5432))) {
    const started = await startPostgres();
    if (started !== undefined) {
      process.env["DATABASE_URL"] = started.url;
      stops.push(started.stop);
    }
  }
  if (process.env["REDIS_URL"] === undefined && !(await answers(6379))) {
    const started = await startRedis();
    if (started !== undefined) {
      process.env["REDIS_URL"] = started.url;
      stops.push(started.stop);
    }
  }
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** A server of our own. */
export interface Started {
  readonly url: string;
  /** Of its process, or of the first one of it. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
  /** Sends it a signal: `SIGKILL` for gone, `SIGSTOP` for frozen. */
  readonly signal: (name: NodeJS.Signals) => void;
}

/** Starts a Postgres on a free port; undefined where the program is not installed. */
export async function startPostgres(): Promise<Started | undefined> {
  const initdb = binary("initdb", "/usr/lib/postgresql");
  const postgres = binary("postgres", "/usr/lib/postgresql");
  if (initdb === undefined || postgres === undefined) return undefined;
  const owner = serverOwner();
  const folder = ownedFolder("zpwoot-postgres-", owner);
  const data = join(folder, "data");
  await promisify(execFile)(initdb, ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    ...owner,
    cwd: folder,
  });
  const port = await freePort();
  const args = ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", folder];
  const child = spawn(postgres, args, { ...owner, cwd: folder, stdio: "ignore" });
  const stop = stopper(child, "SIGQUIT", folder);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await ready("Postgres", () => answersQuery(url), child, stop);
  return {
    url,
    pid: child.pid ?? 0,
    stop,
    signal: (name) => void child.kill(name),
  };
}

/** Starts a Redis on a free port, alone or as a node of a cluster, or a Sentinel; undefined where the program is not installed. */
export async function startRedis(
  kind: "alone" | "cluster" | "sentinel" = "alone",
): Promise<Started | undefined> {
  const redis = binary("redis-server");
  if (redis === undefined) return undefined;
  const folder = ownedFolder("zpwoot-redis-", {});
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const child = spawn(redis, [...(await redisArgs(kind, folder)), ...args], { stdio: "ignore" });
  const stop = stopper(child, "SIGTERM", folder);
  await ready("Redis", () => answers(port), child, stop);
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop,
    signal: (name) => void child.kill(name),
  };
}

async function redisArgs(kind: "alone" | "cluster" | "sentinel", folder: string): Promise<readonly string[]> {
  if (kind === "alone") return ["--appendonly", "yes"];
  if (kind === "cluster") return ["--cluster-enabled", "yes"];
  const file = join(folder, "sentinel.conf");
  await writeFile(file, "");
  return [file, "--sentinel"];
}

/** The path of an installed program: of the PATH, else of the newest version under a folder. */
function binary(name: string, versions?: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  if (versions !== undefined && existsSync(versions)) {
    const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
    folders.push(...newestFirst.map((version) => join(versions, version, "bin")));
  }
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Postgres refuses to run as root: then as the user that its package made. */
function serverOwner(): Owner {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function ownedFolder(prefix: string, { uid, gid }: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

function stopper(child: ChildProcess, signal: NodeJS.Signals, folder: string): () => Promise<void> {
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill(signal);
      // A frozen one hears it then.
      child.kill("SIGCONT");
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
}

async function ready(
  name: string,
  isReady: () => Promise<boolean>,
  child: ChildProcess,
  stop: () => Promise<void>,
): Promise<void> {
  const until = performance.now() + READY_MS;
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`${name} was started for the tests but does not answer`);
    }
    await sleep(50);
  }
}

/** Postgres listens before it has started. */
async function answersQuery(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whether something listens on the local port. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 1_000 });
    const settle = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.on("connect", () => settle(true));
    socket.on("timeout", () => settle(false));
    socket.on("error", () => settle(false));
  });
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
