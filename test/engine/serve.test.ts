import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { Child } from "../support/child.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);

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

  const serve = async (flags: readonly string[]): Promise<string> => {
    child = new Child(MAIN, [
      "serve",
      "--port",
      "0",
      "--store",
      `lmdb:${join(folder, "store")}`,
      "--wa-url",
      emulator.url,
      ...flags,
    ]);
    return (await outputHas(/zpwoot listens on (\S+)/))[1] ?? "";
  };

  it("draws the QR code, serves the contract, and ends within two seconds of SIGTERM with a session open", async () => {
    const url = await serve(["--api-key", "k", "--log-level", "debug"]);
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
    const url = await serve(["--log-level", "silent"]);
    const [, key = ""] = await outputHas(/shown once: (\S+)/);
    expect((await fetch(`${url}/sessions/list`)).status).toBe(401);
    expect((await fetch(`${url}/sessions/list`, { headers: { "x-api-key": key } })).status).toBe(200);
    expect(child?.output.split(key)).toHaveLength(2);
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
