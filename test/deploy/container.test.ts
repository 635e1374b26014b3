/** What examples/docker/Dockerfile has a container do, done without one: its command, its health check, its signal, its volume. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeArgs } from "../support/compiled.js";
import { freePort } from "../support/servers.js";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const text = (await readFile(join(EXAMPLES, "docker/Dockerfile"), "utf8")).replace(/\\\n/g, " ");
const last = (name: string): string => text.split("\n").findLast((line) => line.startsWith(`${name} `)) ?? "";
const list = (step: string): string[] => JSON.parse(/\[.*\]$/.exec(step)?.[0] ?? "[]") as string[];
const COMMAND = new URL("../../src/cli/main.ts", import.meta.url);

let data: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "zpwoot-container-"));
  const own = [...last("ENV").matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
  environment = {
    ...process.env,
    ...(Object.fromEntries(own) as Record<string, string>),
    PORT: String(await freePort()),
    ZPWOOT_STORE: `lmdb:${data}`,
    API_KEY: "a-key-of-the-container",
    ZPWOOT_ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString("base64"),
  };
});
afterAll(() => rm(data, { recursive: true, force: true }));

/** Starts it as the container does; settles when it listens. */
async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...nodeArgs(COMMAND), ...list(last("CMD"))], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith("zpwoot listens")) break;
  child.stdout.resume();
  return child;
}

/** Stops it as `docker stop` does; settles with its exit code and the seconds that it took. */
async function stop(child: ChildProcess): Promise<{ code: number | null; seconds: number }> {
  const begun = performance.now();
  child.kill(last("STOPSIGNAL").split(" ")[1] as NodeJS.Signals);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, seconds: (performance.now() - begun) / 1_000 };
}

/** Docker's health check: the exit code of its command. */
function health(): number | null {
  const [, ...args] = list(text.slice(text.indexOf("HEALTHCHECK")).split("\n")[0] ?? "");
  return spawnSync(process.execPath, args, { env: environment }).status;
}

async function call(path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = { "x-api-key": "a-key-of-the-container", "content-type": "application/json" };
  return (await fetch(`http://127.0.0.1:${environment["PORT"]}${path}`, { ...init, headers })).json();
}

describe("the container's command", () => {
  it("serves, is healthy, stops within its grace, and keeps its sessions on the volume", async () => {
    expect(health()).toBe(1);
    const first = await start();
    expect(health()).toBe(0);
    await call("/sessions/create", { method: "POST", body: JSON.stringify({ name: "kept" }) });
    const compose = await readFile(join(EXAMPLES, "docker/compose.yaml"), "utf8");
    const grace = Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]);
    const { code, seconds } = await stop(first);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(grace);

    const second = await start();
    expect(await call("/sessions/list")).toMatchObject([{ name: "kept" }]);
    await stop(second);
  });

  it("lists the sessions of the volume, as `docker compose exec` does", () => {
    const { stdout, status } = spawnSync(process.execPath, [...nodeArgs(COMMAND), "list"], {
      env: environment,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toContain("kept");
  });
});
