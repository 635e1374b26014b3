import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { openStore } from "../../src/store/open-store.js";
import { Child } from "../support/child.js";
import { nodeArgs } from "../support/compiled.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
/** A pipe that the program takes for a terminal. */
const AS_TERMINAL = ["--import", "data:text/javascript,process.stdout.isTTY=true"];

describe("zpwoot serve", { timeout: 30_000 }, () => {
  let emulator: WhatsAppEmulator;
  let folder: string;
  let child: Child | undefined;

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
    folder = await mkdtemp(join(tmpdir(), "zpwoot-serve-"));
  });

  afterEach(async () => {
    await child?.end("SIGKILL");
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const outputHas = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const until = Date.now() + 10_000;
    for (;;) {
      const found = pattern.exec(child?.output ?? "");
      if (found !== null) return found;
      if (Date.now() > until || child?.exited === true)
        throw new Error(`no ${pattern} in:\n${child?.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const serve = async (flags: readonly string[], nodeFlags: readonly string[] = []): Promise<string> => {
    child = new Child(
      MAIN,
      [
        "serve",
        "--port",
        "0",
        "--store",
        `lmdb:${join(folder, "store")}`,
        "--wa-url",
        emulator.url,
        ...flags,
      ],
      nodeFlags,
    );
    return (await outputHas(/zpwoot listens on (\S+)/))[1] ?? "";
  };

  it("draws the QR code, serves the contract, and ends within two seconds of SIGTERM with a session open", async () => {
    const url = await serve(["--api-key", "k", "--log-level", "debug"], AS_TERMINAL);
    const phone = emulator.addPhone({ phoneNumber: "5511999990004" });
    const headers = { "content-type": "application/json", "x-api-key": "k" };
    const call = async (method: string, path: string, body?: object) => {
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return (await (await fetch(`${url}/sessions${path}`, init)).json()) as Record<string, string>;
    };
    const { id } = await call("POST", "/create", { name: "served" });
    await call("POST", `/${id}/connect`);
    await outputHas(/scan QR code 1/);
    const { qrCode } = await call("GET", `/${id}/qr`);
    await phone.scan(String(qrCode));
    await outputHas(/connected \(open\)/);
    const begun = performance.now();
    expect(await child?.end("SIGTERM")).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(child?.output).toContain("▄");
    // The code is drawn for the person at the terminal; its text is in no line.
    for (const part of String(qrCode).split(",")) expect(child?.output).not.toContain(part);
  });

  it("makes an API key when none is given, and shows it once", async () => {
    const url = await serve(["--log-level", "silent"], AS_TERMINAL);
    const [, key = ""] = await outputHas(/shown once: (\S+)/);
    expect((await fetch(`${url}/sessions/list`)).status).toBe(401);
    expect((await fetch(`${url}/sessions/list`, { headers: { "x-api-key": key } })).status).toBe(200);
    expect(child?.output.split(key)).toHaveLength(2);
  });

  it("prints neither a new API key nor a QR code where no person reads it", async () => {
    const url = await serve(["--log-level", "silent"]);
    await outputHas(/no API key was given.*set API_KEY/);
    expect(child?.output).not.toMatch(/shown once: \S/);
    await child?.end("SIGKILL");
    await serve(["--api-key", "k", "--log-level", "silent"]);
    const [, served = url] = await outputHas(/zpwoot listens on (\S+)/);
    const headers = { "content-type": "application/json", "x-api-key": "k" };
    const made = await fetch(`${served}/sessions/create`, {
      method: "POST",
      headers,
      body: JSON.stringify({ name: "served" }),
    });
    const { id } = (await made.json()) as { readonly id: string };
    await fetch(`${served}/sessions/${id}/connect`, { method: "POST", headers });
    await outputHas(/scan QR code 1 .* at http\S+\/link/);
    expect(child?.output).not.toContain("▄");
  });

  it.each(["a reader that left", "a full disk"])("goes on serving when its output is %s", async (what) => {
    const isFull = what === "a full disk";
    const port = await freePort();
    const full = isFull ? openSync("/dev/full", "w") : undefined;
    const output = full ?? "pipe";
    const server = spawn(
      process.execPath,
      [
        ...nodeArgs(MAIN),
        ...["serve", "--port", String(port), "--store", "memory:", "--api-key", "k", "--log-level", "debug"],
      ],
      { stdio: ["ignore", output, output] },
    );
    server.stdout?.destroy();
    server.stderr?.destroy();
    if (full !== undefined) closeSync(full);
    try {
      // Each request is a line of the log.
      for (let answered = 0; answered < 5;) {
        const response = await fetch(`http://127.0.0.1:${port}/sessions/list`, {
          headers: { "x-api-key": "k" },
        }).catch(() => undefined);
        if (response?.status === 200) answered += 1;
        else await new Promise((resolve) => setTimeout(resolve, 50));
        expect(server.exitCode).toBeNull();
      }
    } finally {
      server.kill("SIGKILL");
    }
  });

  it("answers a person at / with a page in their language, whatever else is asked with 404", async () => {
    const url = await serve(["--api-key", "k"]);
    const answer = await fetch(url, { headers: { "accept-language": "pt-BR" } });
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).toContain('<html lang="pt-BR">');
    for (const path of ["/sessions/overview", "/docs"]) {
      expect(html).toContain(`href="${path}"`);
      expect((await fetch(url + path)).status).toBe(200);
    }
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
    expect((await fetch(url, { method: "POST" })).status).toBe(404);
  });

  it("lets pages of the origins named call it, and no others", async () => {
    const url = await serve(["--api-key", "k", "--cors-origins", "https://app.example.com"]);
    const ask = (origin: string, method = "GET"): Promise<Response> =>
      fetch(`${url}/sessions/list`, {
        method,
        headers: { origin, "x-api-key": "k", "access-control-request-method": "POST" },
      });
    const allowed = await ask("https://app.example.com");
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    const preflight = await ask("https://app.example.com", "OPTIONS");
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("x-api-key");
    const other = await ask("https://other.example.com");
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("takes what a TypeScript file says, and prints it without serving", async () => {
    const file = join(folder, "zpwoot.config.ts");
    await writeFile(file, "const port: number = 0; export default { port, whatsapp: { qrFormat: 'url' } };");
    const args = ["serve", "--print-config", "--config", file, "--api-key", "hunter2"];
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs(MAIN), ...args]);
    expect(JSON.parse(stdout)).toMatchObject({ configFile: file, port: 0, whatsapp: { qrFormat: "url" } });
    expect(stdout).not.toContain("hunter2");
  });

  it("warns of an API key that can be guessed", async () => {
    await serve(["--api-key", "hunter2", "--log-level", "warn"]);
    await outputHas(/the API key \(API_KEY\) is weak: shorter than 16 characters/);
    expect(child?.output).not.toContain("hunter2");
  });

  it.each([
    [["serve", "--help"], /--print-config/],
    [["keys", "-h"], /--sessions/],
  ])("answers %j", async (args, pattern) => {
    child = new Child(MAIN, args);
    await child.ended(10_000);
    await expect.poll(() => child?.output).toMatch(pattern);
    expect(child.exitCode).toBe(0);
  });

  it("ends with code 2, and says why, when the port is in use", async () => {
    const url = await serve(["--api-key", "k"]);
    const second = new Child(MAIN, ["serve", "--store", "memory:", "--port", new URL(url).port]);
    await second.ended(10_000);
    expect(second.exitCode).toBe(2);
    expect(second.output).toMatch(/zpwoot: --port \(PORT\).*EADDRINUSE/);
  });

  const KEY = Buffer.alloc(32, 1).toString("base64");
  const WRONG = Buffer.alloc(32, 2).toString("base64");
  it.each([
    ["a file", () => `lmdb:${join(folder, "file")}`, [], /can't be opened/],
    ["another program's file", () => `lmdb:${join(folder, "foreign")}`, [], /not a file of lmdb/],
    ["a missing database", () => "postgres://postgres@127.0.0.1:5432/no_such_db", [], /does not exist/],
    [
      "another encryption key",
      () => `lmdb:${join(folder, "sealed")}`,
      [WRONG],
      /not among the encryptionKeys/,
    ],
  ])("ends with code 2, and says why, for a store that is %s", async (name, storeOf, keys, sentence) => {
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "foreign"));
    await writeFile(join(folder, "foreign/data.mdb"), randomBytes(8_192));
    const sealed = openStore(`lmdb:${join(folder, "sealed")}`, { encryptionKeys: [KEY] });
    await sealed.open();
    await sealed.close();
    const flags = keys.flatMap((key) => ["--encryption-keys", key]);
    child = new Child(MAIN, ["serve", "--port", "0", "--api-key", "k", "--store", storeOf(), ...flags]);
    await child.ended(10_000);
    expect(child.output).toMatch(sentence);
    expect(child.exitCode, name).toBe(2);
  });

  it("goes on trying to reach a store that does not answer, with a line each time", async () => {
    child = new Child(MAIN, ["serve", "--port", "0", "--api-key", "k", "--store", "redis://127.0.0.1:1"]);
    await outputHas(/the store can't be reached; retrying[^]*the store can't be reached; retrying/);
    expect(child.exited).toBe(false);
  });

  it.each([
    [["serve", "--port", "seventy"], /--port \(PORT\)/],
    [["serve", "--log-level", "loud"], /--log-level \(LOG_LEVEL\)/],
    [["serve", "--wa-url", "http://x"], /--wa-url \(ZPWOOT_WA_URL\)/],
    [["serve", "--store", "carrier-pigeon:"], /store/],
    [["serve", "--prot", "1"], /--prot/],
    [["srve"], /unknown command/],
  ])("says what is wrong with %j", async (args, pattern) => {
    child = new Child(MAIN, args);
    await child.ended(10_000);
    expect(child.exitCode).not.toBe(0);
    expect(child.output).toMatch(pattern);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
