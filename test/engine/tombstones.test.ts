/** Linked credentials are deleted by a command or by WhatsApp's word, and can be brought back for a while. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { readPortableAuth, writePortableAuth } from "../../src/backup/portable-auth.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { EngineWorld } from "../support/engine.js";
import { isTombstone, OWN_KEYS } from "../support/places.js";

/** The keys of the store that are of no tombstone, and not the store's own. */
const leftOf = (world: EngineWorld): string[] =>
  [...world.map.keys()].filter(
    (key) => !isTombstone(key) && !OWN_KEYS.includes(key) && key !== "wa/client-version",
  );

const tombsOf = (world: EngineWorld): string[] => [...world.map.keys()].filter(isTombstone);

/** Connects a session whose credentials were brought back, and receives a message with its keys. */
async function talks(world: EngineWorld, id: string, jid: string): Promise<void> {
  const shown = world.all("session.qr").length;
  await world.manager.connect(id);
  await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  expect(world.all("session.qr")).toHaveLength(shown);
  const text = randomBytes(4).toString("hex");
  const come = world.next("messages.upsert", ({ data }) =>
    data.messages.some(({ message }) => message?.conversation === text),
  );
  world.phone("friend").sendText(jid, text);
  await come;
}

describe("a tombstone", () => {
  it("brings back a session that was logged out, with its keys, when WhatsApp did not hear of it", async () => {
    await using world = await EngineWorld.open();
    const { id, phone } = await world.linked();
    world.emulator.disconnect(phone.jid, { how: "silence" });
    expect(await world.manager.logout(id)).toEqual({ unlinked: "unconfirmed" });
    expect(await world.manager.tombstones()).toMatchObject([
      { sessionId: id, name: "session", cause: "logout", phoneNumber: `+${phone.phoneNumber}` },
    ]);
    const restored = await world.manager.restoreTombstone(id);
    expect(restored).toMatchObject({ phoneNumber: `+${phone.phoneNumber}`, status: "disconnected" });
    expect(await world.manager.tombstones()).toEqual([]);
    await talks(world, id, phone.jid);
    await expect(world.manager.restoreTombstone(id)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("is all that a deletion leaves, and makes the session again as it was", async () => {
    await using world = await EngineWorld.open({ webhooks: { allowPrivateTargets: true } });
    const { id, phone } = await world.linked();
    const webhook = { url: "http://127.0.0.1:9/hook", events: ["messages.upsert"] } as const;
    await world.manager.update(id, { webhook });
    world.emulator.disconnect(phone.jid, { how: "silence" });
    await world.manager.delete(id);
    expect(leftOf(world)).toEqual([]);
    expect(await world.manager.list()).toEqual([]);
    // As after a restart.
    await world.manager.stop();
    world.reopen();
    expect(await world.manager.restoreTombstone(id)).toMatchObject({
      id,
      name: "session",
      webhookUrl: webhook.url,
    });
    expect(tombsOf(world)).toEqual([]);
    await talks(world, id, phone.jid);
  });

  it("is not there after a deletion that erases for good, nor one of before", async () => {
    await using world = await EngineWorld.open();
    const { id, phone } = await world.linked();
    await world.manager.logout(id);
    expect(tombsOf(world).length).toBeGreaterThan(0);
    await world.manager.connect(id);
    await phone.scan(await world.qr(id));
    await world.manager.waitFor(id, "connected");
    // The second one joins the first.
    await Promise.all([world.manager.delete(id), world.manager.delete(id, { tombstone: false })]);
    expect([leftOf(world), tombsOf(world), await world.manager.tombstones()]).toEqual([[], [], []]);
  });

  it.each([
    ["is kept of", false],
    ["is not kept of", true],
  ])("%s a deletion that a crash interrupted, as it was asked for (erase: %s)", async (_, erase) => {
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    await world.manager.stop();
    await new SessionRecords(openStore(world.map)).markDeleted(id, { erase });
    await world.reopen().start();
    expect(leftOf(world)).toEqual([]);
    expect(tombsOf(world).length > 0).toBe(!erase);
  });

  it("is kept when the phone unlinks the device, and can be deleted", async () => {
    await using world = await EngineWorld.open();
    const { id, phone } = await world.linked();
    const [companion] = phone.companions;
    phone.unlink(companion?.device ?? 0);
    await world.state(id, "loggedOut");
    await expect.poll(() => world.manager.tombstones()).toMatchObject([{ cause: "device-removed" }]);
    expect(await world.manager.eraseTombstone(id)).toBe(true);
    expect(await world.manager.eraseTombstone(id)).toBe(false);
    expect(tombsOf(world)).toEqual([]);
  });

  it("is refused while the session is linked", async () => {
    await using world = await EngineWorld.open();
    const { id, phone } = await world.linked();
    await world.manager.logout(id);
    await world.manager.connect(id);
    await phone.scan(await world.qr(id));
    await world.manager.waitFor(id, "connected");
    await expect(world.manager.restoreTombstone(id)).rejects.toMatchObject({
      code: "SESSION_ALREADY_LINKED",
    });
    expect((await world.manager.get(id)).status).toBe("connected");
  });
});

describe("a link that another process made", () => {
  it("outlives the QR codes that run out here, and connects", async () => {
    await using world = await EngineWorld.open({ whatsapp: { linking: { maxQrs: 1 }, qrTimeoutMs: 700 } });
    await using other = await EngineWorld.on(world.emulator);
    const made = await other.linked("made");
    await other.manager.disconnect(made.id);
    const { id } = await world.connecting();
    // Its writes carry no condition of an owner: as on an adapter that can't check them.
    await writePortableAuth(openStore(world.map), id, await readPortableAuth(openStore(other.map), made.id));
    await world.manager.waitFor(id, "connected", { timeoutMs: 10_000 });
    expect((await world.manager.get(id)).phoneNumber).toBe(`+${made.phone.phoneNumber}`);
    expect(tombsOf(world)).toEqual([]);
  });
});

describe("credentials that were linked and are gone from the store", () => {
  /** A session of which the store lost the credentials, and perhaps the mark of the link. */
  async function lost(world: EngineWorld, keys: RegExp) {
    const { id, phone } = await world.linked();
    await world.manager.stop();
    const copy = await readPortableAuth(openStore(world.map), id);
    for (const key of [...world.map.keys()]) if (keys.test(key)) world.map.delete(key);
    await world.reopen().start();
    return { id, phone, copy };
  }

  it.each([
    ["with the mark of the link", /\/creds\//],
    ["and not the mark", /\/creds\/[ab]$/],
    ["with every key of the session but its record", /^wa\/[\da-f-]{36}\/(?!record)/],
  ])("(%s) ask for action, and offer no new link", async (_, keys) => {
    await using world = await EngineWorld.open();
    const { id } = await lost(world, keys);
    expect(await world.state(id, "failed")).toMatchObject({ reason: "store-corrupt" });
    const asked = world.all("session.action-required");
    expect(asked).toMatchObject([{ action: "store-corrupt" }]);
    expect(asked[0]?.message).toMatch(/damaged or gone/);
    const shown = world.all("session.qr").length;
    await expect(world.manager.connect(id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(world.all("session.qr")).toHaveLength(shown);
    // The way out that needs nothing else.
    expect(await world.manager.logout(id)).toEqual({ unlinked: "unconfirmed" });
    await world.manager.connect(id);
    await world.qr(id);
  });

  it("can be replaced by a copy", async () => {
    await using world = await EngineWorld.open();
    const { id, phone, copy } = await lost(world, /\/creds\//);
    await using other = await EngineWorld.on(world.emulator);
    const spare = await other.created();
    await writePortableAuth(openStore(other.map), spare, copy);
    const passphrase = "correct horse";
    const bundle = await other.manager.exportCredentials(spare, { passphrase });
    await world.manager.importCredentials(id, bundle, { passphrase });
    await talks(world, id, phone.jid);
  });

  it("are not made anew by a load that knows of no record", async () => {
    const [store, sessionId] = [openStore(new Map()), "never-linked"];
    const { linked } = await loadAuthState({ store, sessionId, library: loadWhaileys() });
    expect(linked).toBe(false);
  });
});
