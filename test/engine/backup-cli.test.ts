import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeArgs } from "../support/compiled.js";
import { EngineWorld } from "../support/engine.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
const run = promisify(execFile);

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("the commands that keep credentials", { timeout: 60_000 }, () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "zpwoot-backup-cli-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const zpwoot = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> => {
    try {
      const { stdout, stderr } = await run(process.execPath, [...nodeArgs(MAIN), ...args], {
        env: { ...process.env, ZPWOOT_PASSPHRASE: "correct horse", ...env },
      });
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout, err: stderr };
    }
  };

  /** A store with one linked session, and nobody on it. */
  async function linkedStore(store: string): Promise<{ id: string; world: EngineWorld }> {
    const world = await EngineWorld.open({ store });
    const { id } = await world.linked("sales");
    await world.manager.stop();
    return { id, world };
  }

  it("move a session from one store to another, where it connects without a QR code", async () => {
    const [from, to] = [`lmdb:${join(folder, "from")}`, `lmdb:${join(folder, "to")}`];
    const { world } = await linkedStore(from);
    const file = join(folder, "sales.zpwoot");
    const exported = await zpwoot(["export", "sales", "--store", from, "--out", file]);
    expect(exported).toMatchObject({ code: 0, err: "" });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await zpwoot(["export", "sales", "--store", from, "--out", file])).toMatchObject({ code: 1 });

    const passphraseFile = join(folder, "passphrase");
    await writeFile(passphraseFile, "correct horse\n");
    const imported = await zpwoot(
      ["import", file, "--name", "moved", "--store", to, "--passphrase-file", passphraseFile],
      { ZPWOOT_PASSPHRASE: "" },
    );
    expect(imported).toMatchObject({ code: 0, err: "" });
    await using there = await EngineWorld.on(world.emulator, { store: to });
    const [session] = await there.manager.list();
    expect(session?.name).toBe("moved");
    await there.manager.connect(String(session?.id));
    await there.manager.waitFor(String(session?.id), "connected", { timeoutMs: 5_000 });
    expect(there.all("session.qr")).toEqual([]);
    await world.emulator.stop();
  });

  it("leave no session behind when the passphrase is wrong", async () => {
    const store = `lmdb:${join(folder, "store")}`;
    const { world } = await linkedStore(store);
    await world.emulator.stop();
    const file = join(folder, "bundle");
    const { out } = await zpwoot(["export", "sales", "--store", store]);
    await writeFile(file, out);
    const wrong = await zpwoot(["import", file, "--name", "twin", "--store", store], {
      ZPWOOT_PASSPHRASE: "hunter2",
    });
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("The passphrase is wrong") });
    expect(wrong.err).not.toContain("hunter2");
    expect((await zpwoot(["export", "twin", "--store", store])).err).toContain('there is no session "twin"');
  });

  it("take, list and restore snapshots", async () => {
    const [store, empty] = [`lmdb:${join(folder, "store")}`, `lmdb:${join(folder, "empty")}`];
    const { id, world } = await linkedStore(store);
    await world.emulator.stop();
    const dir = ["--backup-dir", join(folder, "snapshots")];
    const { out } = await zpwoot(["backup", "now", "--store", store, ...dir]);
    const path = out.trim();
    expect((await zpwoot(["backup", "list", ...dir])).out.trim()).toBe(path);
    const restored = await zpwoot(["backup", "restore", path, "--session", id, "--store", empty]);
    expect(restored).toMatchObject({
      code: 0,
      out: expect.stringContaining(`session ${id} (sales) is restored`),
    });
  });

  it("seal a store with a new key", async () => {
    const store = `lmdb:${join(folder, "store")}`;
    const { world } = await linkedStore(store);
    await world.emulator.stop();
    const key = randomBytes(32).toString("base64");
    const sealed = await zpwoot(["reencrypt", "--store", store], { ZPWOOT_ENCRYPTION_KEYS: key });
    expect(sealed).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+ records/) });
    const raw = await readFile(join(folder, "store", "data.mdb"), "latin1");
    expect(raw).toContain("$sealed");
    expect((await zpwoot(["export", "sales", "--store", store])).err).toContain("encrypted with the key");
    expect(await zpwoot(["export", "sales", "--store", store, "--encryption-keys", key])).toMatchObject({
      code: 0,
    });
  });

  it.each([
    [["export"], "zpwoot export <session>"],
    [["import", "/nowhere", "--name", "x"], "/nowhere"],
    [["backup", "sideways"], "zpwoot backup now | list | restore"],
    [["backup", "now"], "--backup-dir"],
    [["reencrypt"], "--encryption-keys"],
    [["export", "a", "b", "c"], "Unexpected argument"],
    [["export", "a", "--encryption-keys", "hunter2"], "a key must be 32 bytes"],
  ])("say what is wrong with %j", async (args, message) => {
    const { code, err } = await zpwoot([...args, "--store", "memory:"]);
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(message);
    expect(err).not.toContain("hunter2");
  });

  it("bring back a session that was deleted, from its tombstone", async () => {
    const store = `lmdb:${join(folder, "store")}`;
    const world = await EngineWorld.open({ store });
    const { id, phone } = await world.linked("sales");
    world.emulator.disconnect(phone.jid, { how: "silence" });
    await world.manager.delete(id);
    await world.manager.stop();
    expect(await zpwoot(["tombstone", "lits", "--store", store])).toMatchObject({ code: 2 });
    const listed = await zpwoot(["tombstone", "list", "--store", store]);
    expect(listed.out).toMatch(new RegExp(`^${id}  \\+\\d+  delete  .*  sales\n$`));
    expect(await zpwoot(["tombstone", "restore", id, "--store", store])).toMatchObject({ code: 0, err: "" });
    world.reopen();
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected");
    await world.manager.stop();
    expect((await zpwoot(["tombstone", "erase", id, "--store", store])).out).toContain("has no tombstone");
    await world[Symbol.asyncDispose]();
  });
});
