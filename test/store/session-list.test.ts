import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { SessionList, sessionListKeys, shardOf } from "../../src/store/sessions/session-list.js";

function list() {
  const map = new Map<string, unknown>();
  const store = openStore(map);
  return { map, store, sessions: new SessionList(store) };
}

/** Two ids on one shard. */
function neighbours(): [string, string] {
  const first = "id-0";
  for (let n = 1; ; n += 1) if (shardOf(`id-${n}`) === shardOf(first)) return [first, `id-${n}`];
}

describe("the session list", () => {
  it("has 64 shards of two generations each", () => {
    expect(new Set(sessionListKeys()).size).toBe(128);
  });

  it("keeps an id on its shard: the shard is part of the layout", () => {
    expect(["a", "b", "sales"].map(shardOf)).toEqual([23, 35, 14]);
  });

  it("spreads ids over all shards", () => {
    const shards = new Set(Array.from({ length: 2_000 }, (_, n) => shardOf(`session ${n}`)));
    expect([...shards].sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, shard) => shard));
  });

  it("keeps all of several changes of one shard at the same moment", async () => {
    const { sessions } = list();
    const [one, two] = neighbours();
    await Promise.all([sessions.add(one), sessions.add(two), sessions.markDeleted(one, { erase: false })]);
    expect(await sessions.ids()).toMatchObject({ live: [two], deleting: [one] });
  });

  it("sees what another process has listed on the same shard", async () => {
    const { store, sessions } = list();
    const [one, two] = neighbours();
    await sessions.add(one);
    await new SessionList(store).add(two);
    await sessions.remove(one);
    expect((await sessions.ids()).live).toEqual([two]);
  });

  it("goes on after a change that failed", async () => {
    const { sessions } = list();
    const failed = sessions.add("a", { keys: [], entries: () => new Map([["wa/x", circle()]]) });
    await expect(failed).rejects.toThrow(TypeError);
    await sessions.add("a");
    expect((await sessions.ids()).live).toEqual(["a"]);
  });

  it("leaves no record when its last session is gone", async () => {
    const { map, store, sessions } = list();
    await store.open();
    const before = [...map.keys()];
    await sessions.add("a");
    await sessions.add("a");
    await sessions.markDeleted("a", { erase: false });
    await sessions.remove("a");
    expect([...map.keys()]).toEqual(before);
  });
});

/** A value that can't be stored. */
function circle(): object {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}
