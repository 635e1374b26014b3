import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PassphraseKey } from "../../src/backup/passphrase.js";
import { readPortableAuth, writePortableAuth } from "../../src/backup/portable-auth.js";
import { linkedCredentials, type PortableAuth } from "../../src/backup/portable-form.js";
import { encode } from "../../src/store/codec.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { EngineWorld } from "../support/engine.js";

const passphrase = "correct horse";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zpwoot-refused-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A bundle that opens with the passphrase, with anything in it. */
async function sealed(content: unknown): Promise<string> {
  const key = await PassphraseKey.of(passphrase);
  const head = {
    ...{ format: "zpwoot-session", version: 1, sessionId: "x" },
    ...{ createdAt: new Date().toISOString(), generation: 1 },
  };
  const data = key.seal(encode(content).text, JSON.stringify(head));
  return JSON.stringify({ ...head, ...key.derivation, data });
}

/** What is stored of a session: whether it is wanted online, and as which device it is linked. */
async function stored({ map }: EngineWorld, id: string) {
  const store = openStore(map);
  const record = (await new SessionRecords(store).load()).find((one) => one.id === id);
  const { creds } = await readPortableAuth(store, id);
  return { desired: record?.desired, phoneNumber: record?.phoneNumber, device: creds.signedIdentityKey };
}

/** Credentials as of a linked device, which WhatsApp doesn't know. */
function device(generation: number): PortableAuth {
  const me = { id: "551199@s.whatsapp.net" };
  const creds: unknown = { ...loadWhaileys().initAuthCreds(), account: {}, me };
  return { generation, creds: linkedCredentials(creds), keys: [] };
}

describe("an import that is refused", { timeout: 120_000 }, () => {
  it("leaves the session connected, and wanted", async () => {
    await using world = await EngineWorld.open({ snapshots: { directory: folder, passphrase } });
    const { id } = await world.linked();
    const other = await world.created("other");
    await writePortableAuth(openStore(world.map), other, device(1));
    const { creds } = await readPortableAuth(openStore(world.map), id);
    const { manager } = world;
    const bundle = await manager.exportCredentials(id, { passphrase });
    const foreign = await manager.exportCredentials(other, { passphrase });
    const malformed = await sealed({ generation: 1, creds });
    await writeFile(join(folder, "creds.json"), encode({ noiseKey: {}, account: {} }).text);
    const before = await stored(world, id);
    expect(before).toMatchObject({ desired: "online", phoneNumber: expect.any(String) });
    const changes = world.all("session.status").length;
    const force = true;
    const calls = [
      manager.importCredentials(id, "{}", { passphrase, force }),
      manager.importCredentials(id, bundle, { passphrase: "wrong", force }),
      manager.importCredentials(id, foreign, { passphrase }),
      manager.importAuthFolder(id, join(folder, "none"), { force }),
      manager.importAuthFolder(id, folder, { force }),
      manager.restoreSnapshot(join(folder, "creds.json"), { sessionId: id, force }),
      manager.importCredentials(id, malformed, { passphrase, force }),
    ];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "INVALID_INPUT" } });
    expect(await manager.getStatus(id)).toMatchObject({ status: "connected" });
    expect(world.all("session.status")).toHaveLength(changes);
    expect(await stored(world, id)).toEqual(before);
  });

  it("only once the session is disconnected lets it go on", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    const bundle = await world.manager.exportCredentials(id, { passphrase });
    // What the session saved last, while its connection ended.
    world.manager.on("session.status", ({ detail }) => {
      if (detail.state !== "closing") return;
      for (const [key, value] of world.map) if (/creds\/[ab]$/.test(key)) world.map.set(key, raised(value));
    });
    const imported = world.manager.importCredentials(id, bundle, { passphrase });
    await expect(imported).rejects.toThrow("newer credentials");
    await world.manager.waitFor(id, "connected", { timeoutMs: 30_000 });
    expect(await stored(world, id)).toMatchObject({ desired: "online", phoneNumber: expect.any(String) });
  });

  it("creates no session where a snapshot would have put one", async () => {
    const snapshots = { directory: folder, passphrase };
    await using world = await EngineWorld.open({ snapshots });
    const id = await world.created();
    const copy = device(1);
    await writePortableAuth(openStore(world.map), id, copy);
    const path = await world.manager.takeSnapshot();
    // Newer credentials of the same device, which the list of sessions has lost.
    await using to = await EngineWorld.on(world.emulator, { snapshots });
    await writePortableAuth(openStore(to.map), id, { ...copy, generation: 8 });
    await expect(to.manager.restoreSnapshot(path, { sessionId: id })).rejects.toThrow("newer credentials");
    expect(await to.manager.list()).toEqual([]);
  });
});

/** A stored record with a later generation. */
function raised(value: unknown): unknown {
  return String(value).replace(
    /(generation\\*":)(\d+)/,
    (_, head: string, number: string) => head + (Number(number) + 10),
  );
}
