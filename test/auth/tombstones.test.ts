import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import type { BackupTarget } from "../../src/backup/target.js";
import { Tombstones } from "../../src/backup/tombstones.js";
import type { Wipe } from "../../src/backup/wipe-judgement.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const library = loadWhaileys();
const LOGOUT: Wipe = { cause: "logout" };

function world({
  keepMs,
  encrypted = false,
}: { readonly keepMs?: number; readonly encrypted?: boolean } = {}) {
  const map = new Map<string, string>();
  const store = openStore(map, encrypted ? { encryptionKeys: [randomBytes(32)] } : {});
  const records = new SessionRecords(store);
  const tombstones = new Tombstones({ store, logger: SILENT, ...(keepMs === undefined ? {} : { keepMs }) });
  const target = (id: string): BackupTarget => ({
    id,
    whileDisconnected: (work) => work(),
    patch: async () => {},
  });
  const load = (sessionId: string) => loadAuthState({ store, sessionId, library });
  const linked = async (sessions = 1): Promise<string> => {
    const [id, now] = [randomUUID(), new Date().toISOString()];
    const record: SessionRecord = {
      ...{ version: 1, id, name: `session ${id}`, desired: "offline", status: "disconnected" },
      ...{ phoneNumber: "+551199", webhook: null, proxy: null, createdAt: now, updatedAt: now },
    };
    await records.insert(record);
    await relink(id);
    const auth = await load(id);
    const ratchet = { _sessions: { x: { secret: "r".repeat(20_000) } } };
    const ids = Array.from({ length: sessions }, (_, at) => [`${at}.0`, ratchet as never]);
    await auth.keys.set({
      session: Object.fromEntries(ids),
      "pre-key": { 7: { public: Buffer.from([1]), private: Buffer.from([2]) } },
    });
    auth.close();
    return id;
  };
  const relink = async (id: string): Promise<void> => {
    const auth = await load(id);
    Object.assign(auth.creds, { account: {}, me: { id: "551199:1@s.whatsapp.net" } });
    await auth.save();
    auth.close();
  };
  const raw = (part = "wa/tombstone"): string[] => [...map.keys()].filter((key) => key.startsWith(part));
  return { map, store, records, tombstones, target, load, linked, relink, raw };
}

describe("a tombstone", () => {
  it("is written in one batch with the wipe, and brings back credentials, keys and ratchets", async () => {
    const { tombstones, linked, load, target, raw } = world();
    const id = await linked();
    const { creds } = await load(id);
    expect(await tombstones.wipe(id, LOGOUT)).toBe(true);
    expect((await load(id)).linked).toBe(false);
    expect(await tombstones.list()).toMatchObject([
      { sessionId: id, cause: "logout", phoneNumber: "+551199", keys: 2 },
    ]);
    const read = await tombstones.read(id);
    expect(read.record?.id).toBe(id);
    await tombstones.restore(target(id), read);
    const again = await load(id);
    expect(again.creds.noiseKey).toEqual(creds.noiseKey);
    expect(await again.keys.get("session", ["0.0"])).toHaveProperty(["0.0"]);
    expect(await again.keys.get("pre-key", ["7"])).toHaveProperty(["7"]);
    expect([await tombstones.list(), raw()]).toEqual([[], []]);
  });

  it("is not made when the batch is refused, and the credentials stay", async () => {
    const { tombstones, linked, load, store, raw } = world();
    const id = await linked();
    const changeEach = vi.spyOn(store, "changeEach").mockRejectedValueOnce(new Error("killed"));
    await expect(tombstones.wipe(id, LOGOUT)).rejects.toThrow("killed");
    changeEach.mockRestore();
    expect((await load(id)).linked).toBe(true);
    expect(raw()).toEqual([]);
  });

  it("is of the credentials as they are when they are wiped, also if they changed since they were copied", async () => {
    const { tombstones, linked, load, store, map } = world();
    const id = await linked();
    const changeEach = store.changeEach.bind(store);
    vi.spyOn(store, "changeEach").mockImplementationOnce(async (...args) => {
      const other = await loadAuthState({ store: openStore(map), sessionId: id, library });
      other.creds.nextPreKeyId = 99;
      await other.save();
      return changeEach(...args);
    });
    await tombstones.wipe(id, LOGOUT);
    expect((await load(id)).linked).toBe(false);
    expect((await tombstones.read(id)).auth.creds.nextPreKeyId).toBe(99);
  });

  it("is sealed like every other record", async () => {
    const { tombstones, linked, map, raw } = world({ encrypted: true });
    const id = await linked();
    await tombstones.wipe(id, LOGOUT);
    expect(raw().length).toBeGreaterThan(2);
    for (const key of raw()) expect(map.get(key)).toMatch(/^\{"value":\{"\$sealed":"/);
  });

  it("is bounded: the encryption sessions for which there is no room are left out", async () => {
    const { tombstones, linked, map, raw } = world();
    const id = await linked(500);
    await tombstones.wipe(id, LOGOUT);
    const chars = raw().reduce((sum, key) => sum + (map.get(key)?.length ?? 0), 0);
    expect(chars).toBeLessThan(9_000_000);
    const [{ keys } = { keys: 0 }] = await tombstones.list();
    expect(keys).toBeGreaterThan(300);
    expect(keys).toBeLessThan(501);
    expect((await tombstones.read(id)).auth.keys.some(({ family }) => family === "pre-key")).toBe(true);
  });

  it("replaces the one of before, with all its parts", async () => {
    const { tombstones, linked, relink, raw } = world();
    const id = await linked(60);
    await tombstones.wipe(id, LOGOUT);
    expect(raw(`wa/tombstone/${id}/`).length).toBeGreaterThan(3);
    await relink(id);
    await tombstones.wipe(id, { cause: "device-removed" });
    expect(raw(`wa/tombstone/${id}/`)).toHaveLength(1);
    expect(await tombstones.list()).toMatchObject([{ cause: "device-removed", keys: 0 }]);
  });

  it("stays when there is no link to wipe, and goes with `tombstone: false`", async () => {
    const { tombstones, linked, load, raw } = world();
    const id = await linked();
    await tombstones.wipe(id, LOGOUT);
    const half = await load(id);
    await half.save();
    half.close();
    await tombstones.wipe(id, { cause: "delete" });
    expect(await tombstones.list()).toMatchObject([{ cause: "logout" }]);
    await tombstones.wipe(id, { cause: "delete", tombstone: false });
    expect(raw()).toEqual([]);
  });

  it("is not for the credentials of another device than WhatsApp spoke of", async () => {
    const { tombstones, linked, load, raw } = world();
    const id = await linked();
    expect(await tombstones.wipe(id, { cause: "login-refused", identity: randomBytes(33) })).toBe(false);
    const { linked: isLinked, creds } = await load(id);
    expect([isLinked, raw()]).toEqual([true, []]);
    const identity = creds.signedIdentityKey.public;
    expect(await tombstones.wipe(id, { cause: "login-refused", identity })).toBe(true);
  });

  it("is refused while the session is linked, and unknown for a session without one", async () => {
    const { tombstones, linked, relink } = world();
    const id = await linked();
    await tombstones.wipe(id, LOGOUT);
    await relink(id);
    await expect(tombstones.read(id)).rejects.toMatchObject({ code: "SESSION_ALREADY_LINKED" });
    await expect(tombstones.read(randomUUID())).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("comes back without its ratchets after a restore that a crash interrupted", async () => {
    const { tombstones, linked, load, target, store } = world();
    const id = await linked();
    await tombstones.wipe(id, LOGOUT);
    const read = await tombstones.read(id);
    const write = vi.spyOn(store, "write").mockRejectedValue(new Error("killed"));
    await expect(tombstones.restore(target(id), read)).rejects.toThrow("killed");
    write.mockRestore();
    await tombstones.restore(target(id), await tombstones.read(id));
    const again = await load(id);
    expect(again.linked).toBe(true);
    expect(await again.keys.get("session", ["0.0"])).toEqual({});
  });

  it("that is damaged is said to be so, and nothing changes", async () => {
    const { tombstones, linked, map } = world();
    const id = await linked();
    await tombstones.wipe(id, LOGOUT);
    map.set(`wa/tombstone/${id}/0`, '{"value":{"creds":{}}}');
    await expect(tombstones.read(id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("the retention of tombstones", () => {
  it("of 0 keeps none, and deletes those that are there", async () => {
    const { tombstones, linked, store, raw } = world();
    const [one, other] = [await linked(), await linked()];
    await tombstones.wipe(one, LOGOUT);
    const none = new Tombstones({ store, logger: SILENT, keepMs: 0 });
    await none.wipe(other, LOGOUT);
    expect(raw(`wa/tombstone/${other}`)).toEqual([]);
    none.start();
    await expect.poll(() => raw()).toEqual([]);
    await none.stop();
  });

  it("deletes at the start, and every hour, those whose time is over", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    try {
      const { tombstones, linked } = world({ keepMs: 90 * 60_000 });
      await tombstones.wipe(await linked(), LOGOUT);
      tombstones.start();
      expect(await tombstones.list()).toHaveLength(1);
      vi.advanceTimersByTime(60 * 60_000);
      await tombstones.wipe(await linked(), LOGOUT);
      vi.advanceTimersByTime(60 * 60_000);
      await expect.poll(() => tombstones.list()).toHaveLength(1);
      await tombstones.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  it("is by the option as it is now", async () => {
    const { tombstones, linked, store } = world();
    await tombstones.wipe(await linked(), LOGOUT);
    const [{ wipedAt, expiresAt } = { wipedAt: "", expiresAt: "" }] = await tombstones.list();
    expect(Date.parse(expiresAt) - Date.parse(wipedAt)).toBe(7 * 86_400_000);
    const short = new Tombstones({ store, logger: SILENT, keepMs: 1_000 });
    const [listed] = await short.list();
    expect(Date.parse(listed?.expiresAt ?? "") - Date.parse(wipedAt)).toBe(1_000);
  });
});
