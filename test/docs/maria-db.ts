/** A MariaDB of a test's own, started from installed programs in a folder that goes with it. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const READY_MS = 20_000;

export class MariaDb implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly child: ChildProcess,
  ) {}

  static async start(): Promise<MariaDb> {
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-mariadb-"));
    const place = ["--no-defaults", `--datadir=${join(folder, "data")}`];
    await run("mariadb-install-db", [...place, "--auth-root-authentication-method=normal", "--skip-test-db"]);
    const own = ["--user=root", "--skip-networking", `--socket=${join(folder, "socket")}`];
    const child = spawn("mariadbd", [...place, ...own, `--pid-file=${join(folder, "pid")}`], {
      stdio: "ignore",
    });
    const database = new MariaDb(folder, child);
    const until = Date.now() + READY_MS;
    while (!existsSync(join(folder, "socket"))) {
      if (child.exitCode !== null || Date.now() > until) {
        await database[Symbol.asyncDispose]();
        throw new Error("MariaDB was started for the tests but does not answer");
      }
      await sleep(50);
    }
    return database;
  }

  /** What the client reads to find this one. */
  get options(): string {
    return `[client]\nsocket=${join(this.folder, "socket")}\nuser=root\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGTERM");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
