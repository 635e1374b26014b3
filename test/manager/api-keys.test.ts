import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { ApiKeys } from "../../src/manager/api-keys.js";
import { openStore } from "../../src/store/open-store.js";
import type { Store } from "../../src/store/store.js";
import { ZpwootError } from "../../src/errors.js";

/** One store that several processes use: each has a store object and keys of its own. */
function shared() {
  const map = new Map<string, unknown>();
  const process = (now?: () => number) => {
    const store = openStore(map);
    const reads: (readonly string[])[] = [];
    let down = false;
    const counted: Store = Object.assign(Object.create(store) as Store, {
      readEach: async (keys: readonly string[]) => {
        reads.push(keys);
        if (down) throw new ZpwootError("STORE_UNAVAILABLE", "The store did not answer a read");
        return store.readEach(keys);
      },
      changeEach: store.changeEach.bind(store),
    });
    const keys = new ApiKeys(counted, SILENT, now);
    return { keys, reads, setDown: (value: boolean) => (down = value) };
  };
  return { map, process };
}

/** What a key looks like that no one has. */
const UNKNOWN = `zpw_${"0".repeat(12)}_${"x".repeat(43)}`;

describe("API keys that two processes use", () => {
  it("are all there after both created 120 at the same time", async () => {
    const { process } = shared();
    const both = [process(), process()];
    const made = await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        both.map(({ keys }, side) => keys.create({ name: `${side}-${n}`, role: "viewer" })),
      ).flat(),
    );
    const listed = await process().keys.list();
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(made.map(({ id }) => id)));
    expect(listed).toHaveLength(240);
  });

  it("stay revoked whatever the other process does with another key", async () => {
    const { map, process } = shared();
    const [server, command] = [process(), process()];
    const [dead, kept] = [
      await server.keys.create({ name: "dead", role: "admin" }),
      await server.keys.create({ name: "kept", role: "viewer" }),
    ];
    expect(await server.keys.verify(dead.key)).toMatchObject({ id: dead.id });
    expect(await command.keys.revoke(dead.id)).toBe(true);
    expect(await server.keys.verify(kept.key)).toMatchObject({ id: kept.id });
    await expect.poll(async () => (await command.keys.list())[0]?.lastUsedAt).toMatch(/^20/);
    const restarted = process();
    expect(await restarted.keys.verify(dead.key)).toBeUndefined();
    expect((await restarted.keys.list()).map(({ name }) => name)).toEqual(["kept"]);
    expect(JSON.stringify([...map])).not.toContain(dead.id);
  });

  it("are refused by the other process within a second, and at once by the one that revoked them", async () => {
    const { process } = shared();
    const [one, other] = [process(), process()];
    const { id, key } = await one.keys.create({ name: "k", role: "viewer" });
    expect(await other.keys.verify(key)).toBeDefined();
    expect(await one.keys.verify(key)).toBeDefined();
    await one.keys.revoke(id);
    const revokedAt = performance.now();
    expect(await one.keys.verify(key)).toBeUndefined();
    await expect.poll(() => other.keys.verify(key), { interval: 10, timeout: 1_000 }).toBeUndefined();
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
  });

  it("are accepted by the other process at once when they are made", async () => {
    const { process } = shared();
    const [one, other] = [process(), process()];
    expect(await other.keys.verify(UNKNOWN)).toBeUndefined();
    const { key } = await one.keys.create({ name: "k", role: "viewer" });
    expect(await other.keys.verify(key)).toMatchObject({ name: "k" });
  });

  it("do not come back by a use that is noted while they are revoked", async () => {
    const { map, process } = shared();
    const [server, command] = [process(), process()];
    for (let n = 0; n < 20; n += 1) {
      const { id, key } = await command.keys.create({ name: "k", role: "viewer" });
      await Promise.all([server.keys.verify(key), command.keys.revoke(id)]);
    }
    // Writes of the scope keep their order: when this one is done, so are those uses.
    await server.keys.create({ name: "last", role: "viewer" });
    expect((await process().keys.list()).map(({ name }) => name)).toEqual(["last"]);
    const raw = [...map.keys()].filter((key) => key.startsWith("wa/api-key/"));
    expect(raw).toHaveLength(1);
  });

  it("leave nothing in the store when the last one is revoked", async () => {
    const { map, process } = shared();
    const { keys } = process();
    const { id, key } = await keys.create({ name: "k", role: "viewer" });
    await keys.verify(key);
    await keys.revoke(id);
    await expect.poll(() => [...map.keys()]).toEqual(["wa/sentinel"]);
    expect(await keys.revoke(id)).toBe(false);
  });
});

describe("checks of API keys", () => {
  it("read the store a few times a second, however many there are", async () => {
    const { process } = shared();
    const { keys, reads } = process();
    const { key } = await keys.create({ name: "k", role: "viewer" });
    await keys.verify(key);
    reads.length = 0;
    const until = performance.now() + 1_000;
    while (performance.now() < until) await keys.verify(key);
    expect(reads.length).toBeLessThanOrEqual(3);
    expect(reads.every((asked) => asked.length === 2)).toBe(true);
  });

  it("of unknown keys read the list ten times a second at most, and nothing else", async () => {
    const { process } = shared();
    const { keys, reads } = process();
    await keys.create({ name: "k", role: "viewer" });
    reads.length = 0;
    const until = performance.now() + 500;
    while (performance.now() < until) {
      const guesses = Array.from({ length: 50 }, () => keys.verify(UNKNOWN));
      expect(new Set(await Promise.all(guesses))).toEqual(new Set([undefined]));
    }
    expect(reads.length).toBeLessThanOrEqual(7);
    expect(new Set(reads.flat())).toEqual(new Set(["wa/api-keys.a", "wa/api-keys.b"]));
  });

  it("reject while the store does not answer, instead of believing what may be over", async () => {
    const { process } = shared();
    const { keys, setDown } = process();
    const { id, key } = await keys.create({ name: "k", role: "viewer" });
    expect(await keys.verify(key)).toBeDefined();
    setDown(true);
    await expect
      .poll(() => keys.verify(key).catch((error: ZpwootError) => error.code), { timeout: 2_000 })
      .toBe("STORE_UNAVAILABLE");
    setDown(false);
    expect(await keys.verify(key)).toMatchObject({ id });
  });

  it("note the last use to about a minute, once for all processes", async () => {
    const { map, process } = shared();
    let now = Date.parse("2026-01-01T00:00:00Z");
    const [one, other] = [process(() => now), process(() => now)];
    const { key } = await one.keys.create({ name: "k", role: "viewer" });
    const used = (): unknown => [...map].filter(([place]) => place.endsWith("/used")).map(([, text]) => text);
    const lastUse = async () => (await other.keys.list())[0]?.lastUsedAt;
    await one.keys.verify(key);
    await expect.poll(lastUse).toBe("2026-01-01T00:00:00.000Z");
    const text = used();
    now += 30_000;
    await Promise.all([one.keys.verify(key), other.keys.verify(key)]);
    await other.keys.create({ name: "after", role: "viewer" });
    expect(used()).toEqual(text);
    now += 31_000;
    await other.keys.verify(key);
    await expect.poll(lastUse).toBe("2026-01-01T00:01:01.000Z");
  });
});

describe("API keys of a store from before each had a record of its own", () => {
  const old = [
    { id: "a".repeat(12), name: "first", role: "admin", sessions: null, lastUsedAt: null },
    {
      id: "b".repeat(12),
      name: "second",
      role: "viewer",
      sessions: ["s"],
      lastUsedAt: "2026-01-02T00:00:00.000Z",
    },
  ].map((key) => ({ ...key, createdAt: "2026-01-01T00:00:00.000Z", hash: "00" }));

  it("are taken over once, with their last use, by whoever comes first", async () => {
    const { map, process } = shared();
    const store = openStore(map);
    await store.write(
      "x",
      new Map([
        ["wa/api-keys.a", { generation: 7, value: old }],
        ["wa/api-keys.b", { generation: 6, value: [...old, { ...old[0], id: "c".repeat(12) }] }],
      ]),
    );
    const [one, other] = [process(), process()];
    const listed = old.map(({ hash: _, ...info }) => info);
    expect(await Promise.all([one.keys.list(), other.keys.list()])).toEqual([listed, listed]);
    await other.keys.revoke("a".repeat(12));
    expect((await process().keys.list()).map(({ name }) => name)).toEqual(["second"]);
    expect(JSON.stringify([...map])).not.toContain("cccccc");
  });

  it("are taken over by a first call that changes them", async () => {
    const { map, process } = shared();
    await openStore(map).write("x", new Map([["wa/api-keys.a", { generation: 1, value: old }]]));
    expect(await process().keys.revoke("b".repeat(12))).toBe(true);
    await process().keys.create({ name: "third", role: "operator" });
    expect((await process().keys.list()).map(({ name }) => name)).toEqual(["first", "third"]);
  });
});

describe("damage to the records of API keys", () => {
  it("in one place of the list loses nothing, and the next change mends it", async () => {
    const { map, process } = shared();
    const { keys } = process();
    const { key, id } = await keys.create({ name: "one", role: "viewer" });
    map.set("wa/api-keys.a", "rubbish");
    expect(await process().keys.verify(key)).toMatchObject({ id });
    await process().keys.create({ name: "two", role: "viewer" });
    map.set("wa/api-keys.b", "rubbish");
    expect((await process().keys.list()).map(({ name }) => name)).toEqual(["one", "two"]);
  });

  it("of one key concerns that key alone, which can be revoked", async () => {
    const { map, process } = shared();
    const { keys } = process();
    const [bad, good] = [
      await keys.create({ name: "bad", role: "viewer" }),
      await keys.create({ name: "good", role: "viewer" }),
    ];
    map.set(`wa/api-key/${bad.id}`, "rubbish");
    const later = process();
    await expect(later.keys.verify(bad.key)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(await later.keys.verify(good.key)).toMatchObject({ id: good.id });
    expect((await later.keys.list()).map(({ name }) => name)).toEqual(["good"]);
    expect(await later.keys.revoke(bad.id)).toBe(true);
    expect(await process().keys.verify(bad.key)).toBeUndefined();
  });
});
