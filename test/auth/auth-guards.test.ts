/** What the auth state keeps true while several things happen at once. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { wipeAuthState } from "../../src/auth/wipe.js";
import { KeyCache } from "../../src/auth/key-cache.js";
import type { AuthState } from "../../src/whatsapp/library.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

// The values of these tests stand for keys; they have no library's form.
const { isSignalRecord: _checked, ...library } = loadWhaileys();

function world(map = new Map<string, unknown>()) {
  const store = openStore(map);
  const sessionId = randomUUID();
  const load = (more: object = {}): Promise<AuthState> =>
    loadAuthState({ store, sessionId, library, ...more });
  const linked = async (more: object = {}): Promise<AuthState> => {
    const auth = await load(more);
    link(auth);
    await auth.save();
    return auth;
  };
  return { map, store, sessionId, load, linked };
}

function link(auth: AuthState): void {
  Object.assign(auth.creds, {
    account: { details: Buffer.from([1]) },
    me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
  });
}

/** Holds calls of one method of an object from the first that passes until it is released. */
function hold<T extends object, K extends keyof T>(target: T, method: K, when: "before" | "after") {
  let release = (): void => undefined;
  let reached = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const held = new Promise<void>((resolve) => (reached = resolve));
  const original = (target[method] as (...args: unknown[]) => Promise<unknown>).bind(target);
  const spied = vi.spyOn(target as never, method as never) as unknown as ReturnType<typeof vi.fn>;
  const spy = spied as unknown as { mockImplementationOnce(act: (...args: unknown[]) => unknown): void };
  spy.mockImplementationOnce(async (...args: unknown[]) => {
    const early = when === "after" ? await original(...args) : undefined;
    reached();
    await released;
    return when === "after" ? early : original(...args);
  });
  return { held, release: () => release() };
}

describe("the guard of linked credentials", () => {
  it("refuses an unlinked save that had asked the store just before another process stored a link", async () => {
    const { load, store, map, sessionId } = world();
    const early = await load();
    const auth = await loadAuthState({ store: openStore(map), sessionId, library });
    link(auth);
    const changeEach = store.changeEach.bind(store);
    vi.spyOn(store, "changeEach").mockImplementationOnce((scope, keys, decide, options) =>
      changeEach(
        scope,
        keys,
        async (stored) => {
          const decided = await decide(stored);
          await auth.save();
          return decided;
        },
        options,
      ),
    );
    early.creds.nextPreKeyId = 77;
    await expect(early.save()).rejects.toMatchObject({ code: "SESSION_ALREADY_LINKED" });
    const { creds } = await load();
    expect(creds.account).toBeDefined();
    expect(creds.nextPreKeyId).toBe(1);
  });

  it("lets unlinked credentials in again after a wipe", async () => {
    const { load, linked, store, sessionId } = world();
    (await linked()).close();
    await wipeAuthState(store, sessionId);
    const fresh = await load();
    fresh.creds.nextPreKeyId = 5;
    await fresh.save();
    expect((await load()).creds.nextPreKeyId).toBe(5);
  });

  it("does not let a save through that was asking when the auth state was closed and wiped", async () => {
    const { load, store, sessionId, map } = world();
    const auth = await load();
    const asked = hold(store, "changeEach", "before");
    const saved = auth.save();
    await asked.held;
    auth.close();
    const wiped = wipeAuthState(store, sessionId);
    asked.release();
    await expect(saved).rejects.toMatchObject({ code: "ABORTED" });
    await wiped;
    expect([...map.keys()].filter((key) => /\/creds\/[ab]$/.test(key))).toEqual([]);
  });
});

describe("saves at the same time", () => {
  it("keep their order, and the last one is what is loaded", async () => {
    const { load, linked } = world();
    const auth = await linked();
    const saves = Array.from({ length: 50 }, (_, n) => {
      auth.creds.nextPreKeyId = n + 2;
      return auth.save();
    });
    await Promise.all(saves);
    expect((await load()).creds.nextPreKeyId).toBe(51);
  });

  it("of unlinked and then linked credentials end linked", async () => {
    const { load } = world();
    const auth = await load();
    const first = auth.save();
    link(auth);
    await Promise.all([first, auth.save(), auth.keys.set({ session: { "1.0": { step: 1 } } })]);
    const again = await load();
    expect(again.linked).toBe(true);
    expect(await again.keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 1 } });
  });

  it("count a snapshot of the moment of the call", async () => {
    const { load, linked } = world();
    const auth = await linked();
    auth.creds.nextPreKeyId = 8;
    const saved = auth.save();
    auth.creds.nextPreKeyId = 9;
    await saved;
    expect((await load()).creds.nextPreKeyId).toBe(8);
  });

  it("reject, and do not throw, when the credentials can't be serialised", async () => {
    const auth = await world().load();
    const endless: Record<string, unknown> = {};
    endless["self"] = endless;
    Object.assign(auth.creds, { endless });
    await expect(auth.save()).rejects.toThrow(TypeError);
    await expect(auth.keys.set({ session: { "1.0": endless as never } })).rejects.toThrow(TypeError);
  });
});

describe("a load", () => {
  it("waits for what the auth state before it had begun to write", async () => {
    const { store, load, linked } = world();
    const auth = await linked();
    const writing = hold(store, "write", "before");
    auth.creds.nextPreKeyId = 31;
    const saved = auth.save();
    await writing.held;
    auth.close();
    const loading = load();
    writing.release();
    expect((await loading).creds.nextPreKeyId).toBe(31);
    await saved;
  });

  it("has none of the old keys after an interrupted wipe", async () => {
    const { map, store, sessionId, load, linked } = world();
    const auth = await linked();
    await auth.keys.set({
      session: { "1.0": { old: true } },
      "sender-key": { g: Buffer.from([1]) as never },
    });
    auth.close();
    const change = store.changeEach.bind(store);
    vi.spyOn(store, "changeEach")
      .mockImplementationOnce(change)
      .mockRejectedValueOnce(new Error("the process was killed"));
    await expect(wipeAuthState(store, sessionId)).rejects.toThrow("killed");
    const fresh = await load();
    expect(fresh.linked).toBe(false);
    expect(Buffer.compare(fresh.creds.noiseKey.private, auth.creds.noiseKey.private)).not.toBe(0);
    expect(await fresh.keys.get("session", ["1.0"])).toEqual({});
    expect(
      [...map.keys()].filter((key) => /\/(session|sender-key)\/[^/]+$/.test(key) && !key.includes("/keys/")),
    ).toEqual([]);
  });

  it("ends soon when the store was closed", async () => {
    const { store, load } = world();
    const auth = await load();
    await store.close();
    const startedAt = performance.now();
    await expect(auth.keys.get("session", ["1.0"])).rejects.toMatchObject({ code: "STOPPED" });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("a wipe", () => {
  it("takes the further kinds of keys of other libraries along, and nothing else", async () => {
    const { store, sessionId, linked } = world();
    const auth = await linked();
    await sessionSpace(store, sessionId).write([{ family: "webhook", id: "1", value: "queued" }]);
    await auth.keys.set({ "lid-mapping": { "5511": "77" }, "device-list": { "5511": ["0"] } } as never);
    auth.close();
    await wipeAuthState(store, sessionId);
    const counts = [...(await sessionSpace(store, sessionId).counts())].filter(([, count]) => count > 0);
    expect(counts).toEqual([["webhook", 1]]);
  });
});

describe("what loses keys in the library's own transactions", () => {
  it("a write during a commit: is kept", async () => {
    const { store, load, linked } = world();
    const auth = await linked();
    const committing = hold(store, "write", "before");
    const first = auth.keys.transaction(async () => auth.keys.set({ session: { "1.0": { step: 1 } } }));
    await committing.held;
    const second = auth.keys.set({ session: { "2.0": { step: 1 } } });
    committing.release();
    await Promise.all([first, second]);
    const stored = await (await load()).keys.get("session", ["1.0", "2.0"]);
    expect(Object.keys(stored)).toEqual(["1.0", "2.0"]);
  });

  it("a commit that fails: is reported, and nothing later pretends to be stored", async () => {
    const { store, linked } = world();
    const onFailure = vi.fn();
    const auth = await linked({ onFailure });
    vi.spyOn(store, "write").mockRejectedValue(new Error("disk full"));
    const committed = auth.keys.transaction(async () => auth.keys.set({ session: { "1.0": { step: 1 } } }));
    await expect(committed).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(auth.keys.isInTransaction()).toBe(false);
    expect(onFailure).toHaveBeenCalledTimes(1);
    await expect(auth.save()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("a read beside a slow write: is not taken into the cache over it", async () => {
    const { store, linked } = world();
    const auth = await linked({ cache: new KeyCache({ maxChars: 100_000 }) });
    await auth.keys.set({ session: { "1.0": { step: 1 } } });
    const again = await linked({ cache: new KeyCache() });
    const reading = hold(store, "readEach", "after");
    const old = again.keys.get("session", ["1.0"]);
    await reading.held;
    await again.keys.set({ session: { "1.0": { step: 2 } } });
    reading.release();
    await old;
    expect(await again.keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 2 } });
  });
});

describe("a store that hangs", () => {
  const limits = { readTimeoutMs: 80, writeTimeoutMs: 80 };
  const never = (): Promise<never> => new Promise(() => undefined);

  it("is given up by reads and writes within their time, so that libsignal's queue moves on", async () => {
    const { store, linked } = world();
    const reader = await linked({ limits });
    const writer = await linked({ limits });
    vi.spyOn(store, "readEach").mockImplementation(never);
    vi.spyOn(store, "write").mockImplementation(never);
    const outcomes = await Promise.allSettled([
      reader.keys.get("session", ["1.0"]),
      writer.keys.set({ session: { "1.0": { step: 1 } } }),
    ]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
  });

  it("leaves nothing unproven in the cache: the next load asks the store", async () => {
    const { store, linked, load } = world();
    const cache = new KeyCache();
    const auth = await linked({ cache });
    await auth.keys.set({ session: { "1.0": { step: 1 } } });
    const write = vi.spyOn(store, "write").mockRejectedValueOnce(new Error("cut off"));
    await expect(auth.keys.set({ session: { "1.0": { step: 2 } } })).rejects.toThrow();
    write.mockRestore();
    const again = await load({ cache });
    expect(await again.keys.get("session", ["1.0"])).toEqual({ "1.0": { step: 1 } });
  });
});
