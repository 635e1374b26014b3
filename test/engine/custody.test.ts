import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type * as whaileys from "whaileys";
import { readPortableAuth } from "../../src/backup/portable-auth.js";
import { listSnapshots, reencrypt, SessionManager, type SessionManagerOptions } from "../../src/index.js";
import { openStore } from "../../src/store/open-store.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { postgresTable, query, redisNamespace, withPostgres, withRedis } from "../store/services.js";

const { useMultiFileAuthState } = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;
const passphrase = "correct horse";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zpwoot-custody-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A message in and one out: both sides have the same keys. */
async function talks(manager: SessionManager, id: string, phone: VirtualPhone, friend: VirtualPhone) {
  const word = randomBytes(4).toString("hex");
  const told = new Promise<void>((resolve) =>
    manager.on("messages.upsert", ({ data }) => {
      if (data.messages.some(({ message }) => message?.conversation === `in ${word}`)) resolve();
    }),
  );
  friend.sendText(phone, `in ${word}`);
  await told;
  await (await manager.socket(id)).sendMessage(friend.jid, { text: `out ${word}` });
  await friend.waitForMessage(({ text }) => text === `out ${word}`, { timeoutMs: 5_000 });
}

/** A linked session that has talked to a friend, disconnected. */
async function rested(world: EngineWorld) {
  const { id, phone } = await world.linked();
  const friend = world.phone("friend");
  await talks(world.manager, id, phone, friend);
  await world.manager.disconnect(id);
  return { id, phone, friend };
}

/** The same account in another manager, over another store. */
async function moves(world: EngineWorld, to: EngineWorld): Promise<void> {
  const { id, phone, friend } = await rested(world);
  const bundle = await world.manager.exportCredentials(id, { passphrase });
  const other = await to.created("moved");
  expect(await to.manager.importCredentials(other, bundle, { passphrase })).toMatchObject({
    droppedSessions: false,
  });
  expect((await to.manager.get(other)).phoneNumber).toBe(`+${phone.phoneNumber}`);
  await to.manager.connect(other);
  await to.manager.waitFor(other, "connected", { timeoutMs: 5_000 });
  expect(to.all("session.qr")).toEqual([]);
  await talks(to.manager, other, phone, friend);
}

describe.each(LIBRARIES)("with $name: an exported session", ({ open, on }) => {
  it.each([
    ["memory", () => "memory:"],
    ["lmdb", () => `lmdb:${join(folder, "store")}`],
  ])("is the same device in another manager, on %s", async (_, store) => {
    await using world = await open();
    await using to = await on(world.emulator, { store: store() });
    await moves(world, to);
  });

  it("disconnects the session it is put into, and a connect meanwhile waits for it", async () => {
    await using world = await open();
    const { id, phone, friend } = await rested(world);
    const bundle = await world.manager.exportCredentials(id, { passphrase });
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const imported = world.manager.importCredentials(id, bundle, { passphrase, force: true });
    await world.next("session.status", ({ to }) => to === "disconnected");
    const connected = world.manager.connect(id);
    await Promise.all([imported, connected]);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await talks(world.manager, id, phone, friend);
    expect(world.all("error")).toEqual([]);
  });

  it("is refused with a wrong passphrase or an older state, and the session goes on as before", async () => {
    await using world = await open();
    const { id, phone, friend } = await rested(world);
    const bundle = await world.manager.exportCredentials(id, { passphrase });
    const put = (options: { passphrase: string }) => world.manager.importCredentials(id, bundle, options);
    await expect(put({ passphrase: "wrong" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await world.manager.logout(id);
    const { qr } = { qr: await world.manager.connect(id).then(() => world.qr(id)) };
    const another = world.phone();
    await another.scan(qr);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await expect(put({ passphrase })).rejects.toThrow("linked as another device; use force");
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await talks(world.manager, id, another, friend);
    expect(phone.companions).toEqual([]);
  });

  it("is not given for a session that is not linked or not there", async () => {
    await using world = await open();
    const id = await world.created();
    await expect(world.manager.exportCredentials(id, { passphrase })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    await expect(world.manager.exportCredentials("nobody", { passphrase })).rejects.toMatchObject({
      code: "SESSION_NOT_FOUND",
    });
  });
});

await withPostgres(() => {
  describe.each(LIBRARIES)("with $name: an exported session, on Postgres", ({ open, on }) => {
    it("is the same device in another manager, and no secret is readable in the table", async () => {
      const place = postgresTable();
      await using world = await open();
      const options: SessionManagerOptions = { store: place.url, encryptionKeys: [randomBytes(32)] };
      {
        await using to = await on(world.emulator, options);
        await moves(world, to);
        const rows = await query(`SELECT value FROM ${place.table}`);
        const all = rows.map(({ value }) => value).join("\n");
        expect(all).toContain("$sealed");
        expect(all).not.toMatch(/noiseKey|signedIdentityKey|moved|@s\.whatsapp\.net/);
      }
      await place.dispose();
    });
  });
});

await withRedis(() => {
  describe.each(LIBRARIES)("with $name: an exported session, on Redis", ({ open, on }) => {
    it("is the same device in another manager", async () => {
      const place = await redisNamespace();
      await using world = await open();
      {
        await using to = await on(world.emulator, { store: place.url });
        await moves(world, to);
      }
      await place.dispose();
    });
  });
});

describe("a multi-file auth folder", () => {
  it("becomes a session, without a QR code", async () => {
    await using world = await EngineWorld.open();
    const { id, phone, friend } = await rested(world);
    const { creds, keys } = await readPortableAuth(openStore(world.map), id);
    const { state, saveCreds } = await useMultiFileAuthState(folder);
    Object.assign(state.creds, creds);
    for (const key of keys) await state.keys.set({ [key.family]: { [key.id]: key.value } });
    await saveCreds();
    await using to = await EngineWorld.on(world.emulator, { store: "memory:" });
    const other = await to.created("from a folder");
    expect(await to.manager.importAuthFolder(other, folder)).toMatchObject({ skipped: [] });
    await to.manager.connect(other);
    await to.manager.waitFor(other, "connected", { timeoutMs: 5_000 });
    expect(to.all("session.qr")).toEqual([]);
    await talks(to.manager, other, phone, friend);
  });
});

describe("an encrypted manager", () => {
  it("stores nothing that can be read, and comes back with its key only", async () => {
    const key = randomBytes(32).toString("base64");
    await using world = await EngineWorld.open({ encryptionKeys: [key] });
    const { id } = await rested(world);
    const texts = JSON.stringify([...world.map.values()]);
    expect(texts).not.toMatch(/noiseKey|signedIdentityKey|s\.whatsapp\.net/);
    await world.manager.stop();
    const before = new Map(world.map);
    await using stranger = new SessionManager({
      store: world.map,
      logger: false,
      encryptionKeys: [randomBytes(32)],
    });
    await expect(stranger.connect(id)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/encrypted with the key [0-9a-f]{12}/),
    });
    expect(world.map).toEqual(before);
    const manager = world.reopen();
    await manager.connect(id);
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("changes its key, and needs the old one no longer", async () => {
    const [old, next] = [randomBytes(32), randomBytes(32)];
    await using world = await EngineWorld.open({ encryptionKeys: [old] });
    const { id } = await rested(world);
    await world.manager.stop();
    // The owner's record is written by the owner, which reencrypt is.
    expect(await reencrypt({ store: world.map, encryptionKeys: [next, old] })).toBe(world.map.size - 1);
    await using manager = new SessionManager({
      store: world.map,
      logger: false,
      encryptionKeys: [next],
      whatsapp: { url: world.emulator.url },
    });
    await manager.connect(id);
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it.each([[["short"]], [[Buffer.alloc(16)]]])("refuses the key %j without quoting it", (encryptionKeys) => {
    const make = (): SessionManager => new SessionManager({ store: "memory:", encryptionKeys });
    expect(make).toThrow("encryptionKeys: a key must be 32 bytes");
    expect(make).not.toThrow("short");
  });
});

describe("snapshots of a manager", () => {
  it("bring a session back into an empty store, with its name, and it talks on", async () => {
    const snapshots = { directory: folder, passphrase };
    await using world = await EngineWorld.open({ snapshots });
    const { id, phone, friend } = await rested(world);
    const path = await world.manager.takeSnapshot();
    expect(await readFile(path, "utf8")).not.toMatch(/noiseKey|whatsapp/);
    await using to = await EngineWorld.on(world.emulator, { store: "memory:", snapshots });
    const info = await to.manager.restoreSnapshot(path, { sessionId: id });
    expect(info).toMatchObject({ id, name: "session", phoneNumber: `+${phone.phoneNumber}` });
    await to.manager.connect(id);
    await to.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(to.all("session.qr")).toEqual([]);
    await talks(to.manager, id, phone, friend);
  });

  it("are taken by themselves while the manager is started, and the oldest go", async () => {
    await using world = await EngineWorld.open({
      snapshots: { directory: folder, passphrase, intervalMs: 20, keep: 2 },
    });
    await world.created();
    await world.manager.start();
    await expect.poll(() => listSnapshots(folder), { timeout: 5_000 }).toHaveLength(2);
    const [newest] = await listSnapshots(folder);
    await expect
      .poll(async () => (await listSnapshots(folder)).includes(String(newest)), { timeout: 5_000 })
      .toBe(false);
    await world.manager.stop();
    const [last] = await listSnapshots(folder);
    expect(last).toBeDefined();
  });

  it("are refused clearly where they can't be", async () => {
    await using world = await EngineWorld.open();
    await expect(world.manager.takeSnapshot()).rejects.toThrow("no `snapshots` option");
    const restore = world.manager.restoreSnapshot(join(folder, "none"), { sessionId: "x", passphrase });
    await expect(restore).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(await world.manager.list()).toEqual([]);
    expect(() => new SessionManager({ snapshots: { directory: folder, passphrase: "" } })).toThrow(
      "snapshots.passphrase must not be empty",
    );
  });
});

describe.each(LIBRARIES)("with $name: the keys of a session", ({ open }) => {
  it("are counted by family, and do not grow with reconnects", async () => {
    await using world = await open();
    const { id } = await rested(world);
    const before = await world.manager.countKeys(id);
    expect(before).toMatchObject({ session: expect.any(Number), "pre-key": expect.any(Number) });
    for (let count = 0; count < 5; count += 1) {
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      await world.manager.disconnect(id);
    }
    expect(await world.manager.countKeys(id)).toEqual(before);
  });

  it("lose the pre-key that a message has used", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const { "pre-key": before = 0, session: sessions = 0 } = await world.manager.countKeys(id);
    const friend = world.phone("friend");
    await talks(world.manager, id, phone, friend);
    expect(await world.manager.countKeys(id)).toMatchObject({ "pre-key": before - 1 });
    await talks(world.manager, id, phone, friend);
    const { "pre-key": after, session } = await world.manager.countKeys(id);
    expect(after).toBe(before - 1);
    expect(session).toBeGreaterThan(sessions);
  });
});
