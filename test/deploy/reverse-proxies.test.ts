/**
 * The configurations of nginx and Caddy under examples/deploy, run before a server with the routes: streams come through at once, and a
 * client can't say that it is another one. Where a program is not installed, its tests are skipped, and say so.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import { SessionManager } from "../../src/index.js";
import { freePort } from "../support/servers.js";

const EXAMPLES = join(import.meta.dirname, "../../examples/deploy");
const KEY = "a-key-behind-a-proxy";

interface Program {
  readonly name: string;
  /** What ends it. */
  readonly signal: NodeJS.Signals;
  /** Writes the configuration for these ports; returns the arguments that run it. */
  readonly prepare: (folder: string, from: number, to: number) => Promise<readonly string[]>;
}

const NGINX: Program = {
  name: "nginx",
  signal: "SIGTERM",
  async prepare(folder, from, to) {
    const example = await readFile(join(EXAMPLES, "nginx.conf"), "utf8");
    // Without a certificate, and on ports of the test's.
    const site = example
      .replace(/^\s*ssl_certificate.*$/gm, "")
      .replace("listen 443 ssl http2;", `listen 127.0.0.1:${from};`)
      .replace("server 127.0.0.1:3000;", `server 127.0.0.1:${to};`);
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const temporary = paths.map((name) => `${name}_temp_path ${join(folder, name)};`).join(" ");
    const user = userInfo().uid === 0 ? "user root;" : "";
    const head = `${user} daemon off; pid ${join(folder, "pid")}; error_log stderr; events {}`;
    const file = join(folder, "nginx.conf");
    await writeFile(file, `${head}\nhttp { access_log off; ${temporary}\n${site}\n}`);
    return ["-p", folder, "-e", "stderr", "-c", file];
  },
};

const CADDY: Program = {
  name: "caddy",
  // It would wait for connections that the client keeps.
  signal: "SIGKILL",
  async prepare(folder, from, to) {
    const example = await readFile(join(EXAMPLES, "Caddyfile"), "utf8");
    const site = example
      .replace("wa.example.com {", `http://127.0.0.1:${from} {`)
      .replace("127.0.0.1:3000", `127.0.0.1:${to}`);
    const file = join(folder, "Caddyfile");
    await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
    return ["run", "--config", file, "--adapter", "caddyfile"];
  },
};

function installed(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A server with the routes, and the program before it. */
class Proxied implements AsyncDisposable {
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly manager = new SessionManager({ store: "memory:", logger: false });
  url = "";

  static async open(program: Program): Promise<Proxied> {
    const proxied = new Proxied();
    await proxied.#start(installed(program.name) ?? "", program);
    return proxied;
  }

  async #start(path: string, { prepare, signal }: Program): Promise<void> {
    const handler = createHttpHandler(this.manager, {
      apiKeys: KEY,
      trustProxy: "loopback",
      rateLimit: { perAddress: 3 },
      system: true,
    });
    const server = createServer((request, response) => void handler.node(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-proxy-"));
    const port = await freePort();
    const args = await prepare(folder, port, (server.address() as AddressInfo).port);
    const child = spawn(path, args, { stdio: "ignore", env: { ...process.env, HOME: folder } });
    this.#ends.push(
      async () => {
        if (child.exitCode !== null) return;
        child.kill(signal);
        await once(child, "exit");
      },
      () => this.manager.stop(),
      async () => void server.close().closeAllConnections(),
      () => rm(folder, { recursive: true, force: true }),
    );
    this.url = `http://127.0.0.1:${port}`;
    // A program from outside says nothing when it listens.
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode}`);
      await sleep(20);
    }
  }

  #answers(): Promise<boolean> {
    return fetch(`${this.url}/health/live`, { headers: { "x-api-key": KEY } }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }
}

describe.each([NGINX, CADDY])("$name with the example's configuration", (program) => {
  const it_ = it.skipIf(installed(program.name) === undefined);

  it_("passes an event of a stream on at once", async () => {
    await using proxied = await Proxied.open(program);
    const left = new AbortController();
    const opened = fetch(`${proxied.url}/sessions/events`, {
      headers: { "x-api-key": KEY },
      signal: left.signal,
    });
    // Not before the stream is there: it begins with what happens from then on.
    while (proxied.manager.stats().eventLog.readers === 0) await sleep(10);
    await proxied.manager.create({ name: "sales" });
    const response = await opened;
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    let seen = "";
    while (!seen.includes("session.created")) {
      const { value, done } = await reader.read();
      expect(done).toBe(false);
      seen += Buffer.from(value ?? []).toString();
    }
    left.abort();
  });

  it_("does not believe a client that names another address", async () => {
    await using proxied = await Proxied.open(program);
    const statuses: number[] = [];
    for (const last of [1, 2, 3, 4, 5]) {
      const headers = { "x-forwarded-for": `203.0.113.${last}` };
      statuses.push((await fetch(`${proxied.url}/sessions/list`, { headers })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it_("takes a body as large as the routes do", async () => {
    await using proxied = await Proxied.open(program);
    const { id } = await proxied.manager.create({ name: "sales" });
    const content = { image: { base64: Buffer.alloc(15 * 1024 * 1024).toString("base64") } };
    const response = await fetch(`${proxied.url}/sessions/${id}/messages`, {
      method: "POST",
      headers: { "x-api-key": KEY, "content-type": "application/json" },
      body: JSON.stringify({ to: "+5511999999999", content }),
    });
    // The session is not connected: the routes have answered, not the proxy with 413.
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ statusCode: 400 });
  });
});

describe("caddy with the configuration of a cluster", () => {
  const it_ = it.skipIf(installed(CADDY.name) === undefined);

  it_("asks the nodes that are there, and another one when one can't be reached", async () => {
    const ends: (() => Promise<unknown>)[] = [];
    await using _ended = {
      async [Symbol.asyncDispose]() {
        for (const end of ends) await end();
      },
    };
    const managers = [1, 2].map(() => new SessionManager({ store: "memory:", logger: false }));
    const ports = await Promise.all(
      managers.map(async (manager) => {
        const handler = createHttpHandler(manager, { apiKeys: KEY, system: true });
        const server = createServer((request, response) => void handler.node(request, response));
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        ends.unshift(async () => {
          server.close().closeAllConnections();
          await manager.stop();
        });
        return (server.address() as AddressInfo).port;
      }),
    );
    const [port, gone] = [await freePort(), await freePort()];
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-proxy-"));
    ends.unshift(() => rm(folder, { recursive: true, force: true }));
    const example = await readFile(join(EXAMPLES, "../docker/Caddyfile.cluster"), "utf8");
    const site = [...ports, gone]
      .reduce((text, to, index) => text.replace(`node-${index + 1}:3000`, `127.0.0.1:${to}`), example)
      .replace(":3000 {", `http://127.0.0.1:${port} {`);
    const file = join(folder, "Caddyfile");
    await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
    const args = ["run", "--config", file, "--adapter", "caddyfile"];
    const options = { stdio: "ignore", env: { ...process.env, HOME: folder } } as const;
    const child = spawn(installed(CADDY.name) ?? "", args, options);
    ends.unshift(async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null) await once(child, "exit");
    });
    const ask = (name: string): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/sessions/create`, {
        method: "POST",
        headers: { "x-api-key": KEY, "content-type": "application/json" },
        body: JSON.stringify({ name }),
      }).then(
        ({ status }) => status,
        () => 0,
      );
    while ((await ask("first")) === 0) await sleep(20);
    const statuses = await Promise.all(Array.from({ length: 30 }, (_, index) => ask(`session ${index}`)));
    expect(new Set(statuses)).toEqual(new Set([201]));
    // Each was done once, and by more than one node: here each has a store of its own.
    const counts = await Promise.all(managers.map(async (manager) => (await manager.list()).length));
    expect(counts.reduce((sum, count) => sum + count)).toBe(31);
    expect(Math.min(...counts)).toBeGreaterThan(5);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { "x-api-key": KEY } })).status).toBe(
      404,
    );
  });
});
