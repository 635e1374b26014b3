import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type * as whaileys from "whaileys";
import { SerialQueue } from "../../src/async/serial-queue.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { describeBundle, exportCredentials, importCredentials } from "../../src/backup/bundle.js";
import { importMultiFileAuth } from "../../src/backup/multi-file-auth.js";
import type { AuthState } from "../../src/whatsapp/library.js";
import type { Store } from "../../src/store/store.js";
import { openStore } from "../../src/store/open-store.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { EngineWorld } from "../support/engine.js";

const library = loadWhaileys();
const { default: makeSocket, useMultiFileAuthState } = createRequire(import.meta.url)(
  "whaileys",
) as typeof whaileys.default;
const passphrase = "correct horse";

/** A store with a linked session that has some keys. */
async function linkedStore() {
  const map = new Map<string, unknown>();
  const store = openStore(map);
  const sessionId = randomUUID();
  const auth = await loadAuthState({ store, sessionId, library });
  Object.assign(auth.creds, { account: { details: Buffer.from([1]) }, me: { id: "551199@s.whatsapp.net" } });
  await auth.save();
  await auth.keys.set({
    session: { "551188.0": { _sessions: {}, version: "v1" } },
    "pre-key": { 7: { public: Buffer.from([1, 2]), private: Buffer.from([3, 4]) } },
  });
  return { map, store, sessionId, auth };
}

const load = (store: Store, sessionId: string): Promise<AuthState> =>
  loadAuthState({ store, sessionId, library });

// Side by side: deriving a key from a passphrase takes time, on a thread of its own.
describe.concurrent("an exported session", () => {
  it("comes back whole in another store, under another id", async () => {
    const { store, sessionId, auth } = await linkedStore();
    const bundle = await exportCredentials({ store, sessionId, passphrase });
    const [other, id] = [openStore(new Map()), randomUUID()];
    expect(await importCredentials({ store: other, sessionId: id, bundle, passphrase })).toEqual({
      keys: 2,
      droppedSessions: false,
    });
    const copy = await load(other, id);
    expect(copy.creds).toEqual(auth.creds);
    expect(copy.linked).toBe(true);
    expect(await copy.keys.get("pre-key", ["7"])).toEqual(await auth.keys.get("pre-key", ["7"]));
    expect(await copy.keys.get("session", ["551188.0"])).toEqual(
      await auth.keys.get("session", ["551188.0"]),
    );
  });

  it("shows what it is, and nothing secret, without its passphrase", async () => {
    const { store, sessionId, auth } = await linkedStore();
    const bundle = await exportCredentials({ store, sessionId, passphrase });
    expect(describeBundle(bundle)).toMatchObject({
      format: "zpwoot-session",
      version: 1,
      sessionId,
      generation: 1,
    });
    expect(bundle).not.toContain(Buffer.from(auth.creds.noiseKey.private).toString("base64"));
    expect(bundle).not.toContain("551199");
  });

  it.each([
    ["a wrong passphrase", (bundle: string) => ({ bundle, passphrase: "wrong" })],
    [
      "a changed head",
      (bundle: string) => ({ bundle: bundle.replace('"generation":1', '"generation":9'), passphrase }),
    ],
    ["an empty passphrase", (bundle: string) => ({ bundle, passphrase: "" })],
    ["something else", () => ({ bundle: "{}", passphrase })],
    [
      "a cost that would eat the memory",
      (bundle: string) => ({ bundle: bundle.replace(/"cost":\d+/, '"cost":1073741824'), passphrase }),
    ],
  ])("is refused with %s, and nothing changes", async (_, alter) => {
    const { store, sessionId } = await linkedStore();
    const bundle = await exportCredentials({ store, sessionId, passphrase });
    const map = new Map<string, unknown>();
    const other = openStore(map);
    await other.open();
    const before = new Map(map);
    await expect(importCredentials({ store: other, sessionId: "x", ...alter(bundle) })).rejects.toMatchObject(
      { code: "INVALID_INPUT" },
    );
    expect(map).toEqual(before);
  });

  it("that is older than what is there needs force, and comes without its sessions with contacts", async () => {
    const { store, sessionId, auth } = await linkedStore();
    const bundle = await exportCredentials({ store, sessionId, passphrase });
    auth.creds.accountSyncCounter += 1;
    await auth.save();
    auth.close();
    await expect(importCredentials({ store, sessionId, bundle, passphrase })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("newer"),
    });
    const result = await importCredentials({ store, sessionId, bundle, passphrase, force: true });
    expect(result).toEqual({ keys: 1, droppedSessions: true });
    const restored = await load(store, sessionId);
    expect(await restored.keys.get("session", ["551188.0"])).toEqual({});
    expect(Object.keys(await restored.keys.get("pre-key", ["7"]))).toEqual(["7"]);
    // It is the newest now.
    const again = await exportCredentials({ store, sessionId, passphrase });
    expect(describeBundle(again).generation).toBeGreaterThan(2);
  });

  it("of another device needs force", async () => {
    const one = await linkedStore();
    const two = await linkedStore();
    const bundle = await exportCredentials({ ...one, passphrase });
    const into = { store: two.store, sessionId: two.sessionId, bundle, passphrase };
    await expect(importCredentials(into)).rejects.toMatchObject({
      message: expect.stringContaining("another device"),
    });
    expect((await load(two.store, two.sessionId)).creds).toEqual(two.auth.creds);
    await importCredentials({ ...into, force: true });
    expect((await load(two.store, two.sessionId)).creds).toEqual(one.auth.creds);
  });

  it("is refused when it is not linked", async () => {
    const store = openStore(new Map());
    const auth = await load(store, "x");
    await auth.save();
    await expect(exportCredentials({ store, sessionId: "x", passphrase })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });
});

describe("a session from elsewhere", () => {
  let world: EngineWorld;
  let folder: string;

  beforeEach(async () => {
    world = await EngineWorld.open();
    folder = await mkdtemp(join(tmpdir(), "zpwoot-import-"));
  });

  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Connects without a QR code, receives, and sends. */
  async function works(id: string, phone: VirtualPhone): Promise<void> {
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(world.all("session.qr").filter(({ sessionId }) => sessionId === id)).toEqual([]);
    const friend = world.phone();
    const received = world.next("messages.upsert", ({ sessionId }) => sessionId === id);
    friend.sendText(phone, "hello");
    expect((await received).data.messages[0]?.message?.conversation).toBe("hello");
  }

  it("exported here, is connected again without a QR code", async () => {
    const { id, phone } = await world.linked("one");
    await world.manager.disconnect(id);
    const store = openStore(world.map);
    const bundle = await exportCredentials({ store, sessionId: id, passphrase });
    const copy = await world.created("two");
    await importCredentials({ store, sessionId: copy, bundle, passphrase });
    await works(copy, phone);
  });

  it("that whaileys kept in its folder, is connected without a QR code", async () => {
    const phone = world.phone();
    await linkIntoFolder(phone);
    // The last one: the emulator hands out the first.
    const damaged = "pre-key-30.json";
    expect(await readdir(folder)).toContain(damaged);
    await writeFile(join(folder, damaged), '{"public":{"ty');
    await writeFile(join(folder, "notes.json"), "{}");
    const id = await world.created("from a folder");
    const store = openStore(world.map);
    const result = await importMultiFileAuth({ store, sessionId: id, folder });
    expect([...result.skipped].sort()).toEqual(["notes.json", damaged].sort());
    expect(result.keys).toBeGreaterThan(20);
    await works(id, phone);
  });

  it("without readable credentials is refused, saying which file", async () => {
    await writeFile(join(folder, "creds.json"), '{"noiseKey": secret');
    await expect(
      importMultiFileAuth({ store: openStore(new Map()), sessionId: "x", folder }),
    ).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.not.stringContaining("secret"),
    });
  });

  it("is read from regular files only: no pipe holds it up, and no link leads out of the folder", async () => {
    await linkIntoFolder(world.phone());
    const outside = await mkdtemp(join(tmpdir(), "zpwoot-outside-"));
    const [secret, pipe, link] = ["pre-key-28.json", "pre-key-29.json", "pre-key-30.json"];
    await rename(join(folder, link), join(outside, link));
    await symlink(join(outside, link), join(folder, link));
    await rm(join(folder, pipe));
    execFileSync("mkfifo", [join(folder, pipe)]);
    await rm(join(folder, secret));
    await mkdir(join(folder, secret));
    await writeFile(join(folder, "pre-key-27.json"), '"text"');
    await writeFile(join(folder, "session-551188.0.json"), "[1]");
    await writeFile(join(folder, "lid-mapping-551188.json"), "12");
    const store = openStore(new Map());
    const { skipped } = await importMultiFileAuth({ store, sessionId: "x", folder });
    expect([...skipped].sort()).toEqual(
      ["lid-mapping-551188.json", "pre-key-27.json", secret, pipe, link, "session-551188.0.json"].sort(),
    );
    const creds = join(folder, "creds.json");
    await rename(creds, join(outside, "creds.json"));
    await symlink(join(outside, "creds.json"), creds);
    const again = importMultiFileAuth({ store, sessionId: "y", folder });
    await expect(again).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await rm(creds);
    execFileSync("mkfifo", [creds]);
    await expect(importMultiFileAuth({ store, sessionId: "y", folder })).rejects.toThrow("regular file");
    await rm(outside, { recursive: true });
  });

  /** The unmodified library with its own file store: links, goes online, ends. */
  async function linkIntoFolder(phone: VirtualPhone): Promise<void> {
    const { state, saveCreds } = await useMultiFileAuthState(folder);
    const connect = () => {
      const socket = makeSocket({
        waWebSocketUrl: world.emulator.url,
        logger: pino({ level: "silent" }) as never,
        auth: state,
      });
      // One after the other: the library's own writes of a file may mix when they overlap.
      const saves = new SerialQueue();
      socket.ev.on("creds.update", () => void saves.run(saveCreds));
      const until = (passes: (update: Partial<whaileys.ConnectionState>) => boolean) =>
        new Promise<Partial<whaileys.ConnectionState>>((resolve) => {
          socket.ev.on("connection.update", (update) => (passes(update) ? resolve(update) : undefined));
        });
      return { socket, saves, until };
    };
    const first = connect();
    const closed = first.until(({ connection }) => connection === "close");
    const { qr } = await first.until((update) => update.qr !== undefined);
    await phone.scan(qr as string);
    await closed;
    await first.saves.settled();
    const second = connect();
    await second.until(({ connection }) => connection === "open");
    await expect.poll(() => readdir(folder).then((files) => files.length)).toBeGreaterThan(20);
    const gone = second.until(({ connection }) => connection === "close");
    second.socket.end(undefined);
    await gone;
    await second.saves.settled();
  }
});
