import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { wipeAuthState } from "../../src/auth/wipe.js";
import { KeyCache } from "../../src/auth/key-cache.js";
import type { AuthState } from "../../src/whatsapp/library.js";
import type { Store } from "../../src/store/store.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import { LOADED } from "../support/libraries.js";

describe.each(LOADED)("with $name:", ({ library: loaded }) => {
  // The values of these tests stand for keys; they have no library's form.
  const { isSignalRecord: _checked, ...library } = loaded;

  function world(map = new Map<string, unknown>()) {
    const store = openStore(map);
    const sessionId = randomUUID();
    const load = (more: object = {}): Promise<AuthState> =>
      loadAuthState({ store, sessionId, library, ...more });
    return { map, store, sessionId, load };
  }

  /** Makes the credentials those of a linked device. */
  function link(auth: AuthState): void {
    Object.assign(auth.creds, {
      account: { details: Buffer.from([1]) },
      me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
    });
  }

  describe("credentials", () => {
    it("are new when it is proved that there are none, and the same from the first save on", async () => {
      const { load } = world();
      const auth = await load();
      expect(auth.linked).toBe(false);
      link(auth);
      await auth.save();
      const again = await load();
      expect(again.linked).toBe(true);
      expect(Buffer.compare(again.creds.noiseKey.private, auth.creds.noiseKey.private)).toBe(0);
      expect(again.creds.me).toEqual(auth.creds.me);
    });

    it("lose the traces of an abandoned link, and get fresh secrets", async () => {
      const { load } = world();
      const auth = await load();
      Object.assign(auth.creds, {
        me: { id: "5511@s.whatsapp.net", name: "~" },
        pairingCode: "ABCD1234",
        registered: true,
      });
      await auth.save();
      const { creds } = await load();
      expect(creds).toMatchObject({ pairingCode: undefined, registered: false });
      expect(creds.me).toBeUndefined();
      expect(creds.advSecretKey).not.toBe(auth.creds.advSecretKey);
      expect(Buffer.compare(creds.noiseKey.public, auth.creds.noiseKey.public)).toBe(0);
    });

    it("are never made on an error of the store", async () => {
      const broken = {
        readEach: () => Promise.reject(new Error("down")),
        read: () => Promise.reject(new Error("down")),
      } as unknown as Store;
      const initAuthCreds = vi.fn(() => library.initAuthCreds());
      await expect(
        loadAuthState({ store: broken, sessionId: "s", library: { ...library, initAuthCreds } }),
      ).rejects.toThrow();
      expect(initAuthCreds).not.toHaveBeenCalled();
    });

    it("that are linked are never overwritten by unlinked ones", async () => {
      const { load } = world();
      const early = await load();
      const auth = await load();
      link(auth);
      await auth.save();
      early.creds.nextPreKeyId = 77;
      await expect(early.save()).rejects.toMatchObject({ code: "SESSION_ALREADY_LINKED" });
      expect((await load()).linked).toBe(true);
    });

    it("that were linked and are missing are a loss, not a new session", async () => {
      const { load, map } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      for (const key of map.keys()) if (/\/creds\/[ab]$/.test(key)) map.delete(key);
      await expect(load()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });

    it("are read from the generation before when the newest is damaged", async () => {
      const { load, map } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      auth.creds.nextPreKeyId = 31;
      await auth.save();
      const newest = [...map]
        .filter(([key]) => /\/creds\/[ab]$/.test(key))
        .find(([, text]) => String(text).includes('"nextPreKeyId":31'));
      map.set(newest?.[0] ?? "", "{ cut off");
      const warn = vi.fn();
      const again = await load({ logger: { warn } });
      expect(again.linked).toBe(true);
      expect(again.creds.nextPreKeyId).toBe(1);
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it("unchanged write nothing", async () => {
      const { load, map } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      const before = new Map(map);
      await auth.save();
      expect(map).toEqual(before);
    });

    it("and keys of the same turn of the event loop are one batch", async () => {
      const { store, load } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      const write = vi.spyOn(store, "write");
      auth.creds.nextPreKeyId = 5;
      await Promise.all([auth.save(), auth.keys.set({ session: { "1.0": { a: 1 } } })]);
      expect(write).toHaveBeenCalledTimes(1);
    });
  });

  describe("Signal keys", () => {
    it("are written through, read back as other objects, and deleted by null", async () => {
      const { load } = world();
      const { keys } = await load();
      const pair = { public: Buffer.from([1]), private: Buffer.from([2]) };
      await keys.set({ "pre-key": { "1": pair, "2": pair } });
      const read = await keys.get("pre-key", ["1", "2", "3"]);
      expect(read).toEqual({ "1": pair, "2": pair });
      expect(read["1"]).not.toBe(pair);
      await keys.set({ "pre-key": { "1": null } });
      expect(await keys.get("pre-key", ["1", "2"])).toEqual({ "2": pair });
    });

    it("that were deleted leave no record, and the families can be counted", async () => {
      const { load, map, store, sessionId } = world();
      const { keys } = await load();
      const values = Object.fromEntries(
        Array.from({ length: 30 }, (_, n) => [
          String(n + 1),
          { public: Buffer.alloc(32), private: Buffer.alloc(32) },
        ]),
      );
      await keys.set({ "pre-key": values });
      await keys.set({
        "pre-key": Object.fromEntries(
          Object.keys(values)
            .slice(0, 20)
            .map((id) => [id, null]),
        ),
      });
      expect(
        [...map.keys()].filter((key) => /\/pre-key\/\d+$/.test(key) && !key.includes("/keys/")),
      ).toHaveLength(10);
      expect((await sessionSpace(store, sessionId).counts()).get("pre-key")).toBe(10);
    });

    it("read what is still being written", async () => {
      const { load } = world();
      const { keys } = await load();
      const written = keys.set({ session: { "1.0": { step: 2 } } });
      expect(await keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 2 } });
      await written;
    });

    it("set beside a transaction that fails are kept", async () => {
      const { load } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      const failing = auth.keys.transaction(async () => {
        await auth.keys.set({ session: { "1.0": { step: 1 } } });
        throw new Error("the send failed");
      });
      const receiving = auth.keys.set({ session: { "2.0": { step: 1 } } });
      await expect(failing).rejects.toThrow("the send failed");
      await receiving;
      expect(Object.keys(await (await load()).keys.get("session", ["1.0", "2.0"]))).toEqual(["1.0", "2.0"]);
    });

    it("are not touched by what a reader does to the object it was given", async () => {
      const { load } = world();
      const { keys } = await load();
      await keys.set({ "sender-key": { g: { chain: { n: 1 } } } });
      const live = (await keys.get("sender-key", ["g"]))["g"] as { chain: { n: number } };
      live.chain.n = 99;
      expect(await keys.get("sender-key", ["g"])).toEqual({ g: { chain: { n: 1 } } });
    });

    it("stay in the cache over a reconnect, and not over a wipe", async () => {
      const { load, store, sessionId } = world();
      const cache = new KeyCache();
      const auth = await load({ cache });
      link(auth);
      await auth.save();
      await auth.keys.set({ session: { "1.0": { step: 1 } } });
      auth.close();
      const read = vi.spyOn(store, "readEach");
      const again = await load({ cache });
      read.mockClear();
      await again.keys.get("session", ["1.0"]);
      expect(read).not.toHaveBeenCalled();
      again.close();
      await wipeAuthState(store, sessionId);
      const fresh = await load({ cache });
      expect(await fresh.keys.get("session", ["1.0"])).toEqual({});
    });

    it("that the store has proved absent are not asked for again, also after a deletion, until they are written", async () => {
      const { load, store } = world();
      const { keys } = await load();
      await keys.set({ session: { "2.0": { step: 1 } } });
      await keys.set({ session: { "2.0": null } });
      expect(await keys.get("session", ["1.0"])).toEqual({});
      const read = vi.spyOn(store, "readEach");
      expect(await keys.get("session", ["1.0", "2.0"])).toEqual({});
      expect(read).not.toHaveBeenCalled();
      await keys.set({ session: { "1.0": { step: 1 } } });
      expect(await keys.get("session", ["1.0", "2.0"])).toEqual({ "1.0": { step: 1 } });
    });

    it("that are written while the store proves them absent are not remembered as absent", async () => {
      const { load, store } = world();
      const { keys } = await load();
      const readEach = store.readEach.bind(store);
      vi.spyOn(store, "readEach").mockImplementationOnce(async (...args) => {
        const stored = await readEach(...args);
        await keys.set({ session: { "1.0": { step: 1 } } });
        return stored;
      });
      expect(await keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 1 } });
      expect(await keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 1 } });
    });

    it("that can't be read count as absent and are asked for again: they may be mended", async () => {
      const { load, store, sessionId } = world();
      const { keys } = await load();
      const damaged = { value: undefined, corrupt: new Error("damaged") };
      const readEach = vi.spyOn(sessionSpace(store, sessionId), "readEach");
      readEach.mockResolvedValueOnce(new Map([["1.0", damaged as never]]));
      expect(await keys.get("session", ["1.0"])).toEqual({});
      await keys.get("session", ["1.0"]);
      expect(readEach).toHaveBeenCalledTimes(2);
    });

    it("stay in the cache when the credentials are saved, and not when another process has saved them", async () => {
      const { load } = world();
      const cache = new KeyCache();
      const auth = await load({ cache });
      link(auth);
      await auth.keys.set({ "sender-key-memory": { g: { a: true } } });
      await auth.save();
      expect(cache.size).toBe(1);
      await load({ cache });
      expect(cache.size).toBe(1);
      const other = await load();
      other.creds.accountSyncCounter += 1;
      await other.save();
      await load({ cache });
      expect(cache.size).toBe(0);
    });

    it("of an identity that is gone are dropped by the next load", async () => {
      const { load, map } = world();
      const auth = await load();
      await auth.keys.set({ session: { "1.0": { step: 1 } } });
      auth.close();
      await load();
      expect([...map.keys()].filter((key) => /\/session\/1/.test(key))).toEqual([]);
    });
  });

  describe("the end of an auth state", () => {
    it("refuses every call after its close", async () => {
      const { load } = world();
      const auth = await load();
      auth.close();
      await expect(auth.save()).rejects.toMatchObject({ code: "ABORTED" });
      await expect(auth.keys.set({ session: { "1.0": {} } })).rejects.toMatchObject({ code: "ABORTED" });
      await expect(auth.keys.get("session", ["1.0"])).rejects.toMatchObject({ code: "ABORTED" });
    });

    it("notifies its owner once when the store has failed for good, and refuses to get ahead of it", async () => {
      const { load, store } = world();
      const onFailure = vi.fn();
      const auth = await load({ onFailure });
      vi.spyOn(store, "write").mockRejectedValue(new Error("disk full"));
      const outcomes = await Promise.allSettled([
        auth.keys.set({ session: { "1.0": {} } }),
        auth.keys.set({ session: { "2.0": {} } }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(onFailure).toHaveBeenCalledTimes(1);
      await expect(auth.keys.get("session", ["1.0"])).rejects.toThrow();
    });

    it("leaves nothing of credentials and keys after a wipe", async () => {
      const { load, map, store, sessionId } = world();
      const auth = await load();
      link(auth);
      await auth.save();
      await auth.keys.set({
        session: { "1.0": {} },
        "pre-key": { "1": { public: Buffer.alloc(1), private: Buffer.alloc(1) } },
      });
      auth.close();
      await wipeAuthState(store, sessionId);
      expect([...map.keys()].filter((key) => key.includes(sessionId) && !key.includes("/keys"))).toEqual([]);
      expect((await load()).linked).toBe(false);
    });
  });
});
