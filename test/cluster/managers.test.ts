/** Managers that share the sessions of one store, in one process. */
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { describe, expect, it } from "vitest";
import { cluster } from "../../src/cluster/index.js";
import { clusterPlanOf } from "../../src/cli/cluster-plan.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { REDIS_URL } from "../support/places.js";
import { ClusterWorld, eventually, owned, SHARED_STORES } from "./nodes.js";

describe.concurrent.each(SHARED_STORES)("nodes on $name", { timeout: 90_000 }, ({ open }) => {
  it("share sessions when one joins, hand them over when one stops, and no connection is replaced", async () => {
    await using world = await ClusterWorld.open(open);
    const first = await world.started({ name: "first" });
    const linked = await world.link(first, 4);
    const second = await world.started({ name: "second" });
    await eventually(() => owned([first, second]).join() === "2,2", "a fair share");
    const onlineOn = async (manager: SessionManager): Promise<number> => {
      const listed = await manager.list();
      return listed.filter(({ status }) => status === "connected").length;
    };
    await eventually(async () => (await onlineOn(second)) >= 2, "its sessions connect");
    await first.stop();
    await eventually(() => owned([second]).join() === "4", "it runs all");
    await eventually(async () => (await onlineOn(second)) === 4, "all connect");
    expect(world.states.filter((state) => state.endsWith("conflict"))).toEqual([]);
    // The credentials that came along are the newest.
    const friend = world.phone();
    for (const { id, phone } of linked) {
      friend.sendText(phone, `to ${id}`);
      await second.sendMessage(id, friend.jid, { text: `from ${id}` });
      await friend.waitForMessage(({ text }) => text === `from ${id}`, { timeoutMs: 10_000 });
    }
  });

  it("refuse a process that runs sessions alone, and are refused by one", async () => {
    await using world = await ClusterWorld.open(open);
    const node = await world.started();
    await expect(world.manager().start()).rejects.toMatchObject({
      code: "STORE_IN_USE",
      message: expect.stringContaining("a cluster of zpwoot nodes") as string,
    });
    await node.stop();
    const alone = world.manager();
    await alone.start();
    await expect(world.node().start()).rejects.toMatchObject({ code: "STORE_IN_USE" });
    await alone.stop();
    await world.started();
  });

  it("drain: a node gives all its sessions away and takes no more", async () => {
    await using world = await ClusterWorld.open(open);
    const [first, second] = [await world.started(), await world.started()];
    await world.link(first, 2);
    await second.cluster?.drain(first.cluster?.nodeId);
    expect(owned([first])).toEqual([0]);
    await eventually(() => owned([second]).join() === "2", "the other one has them");
    await expect(second.cluster?.drain()).rejects.toMatchObject({ code: "INVALID_INPUT" });
    const info = await second.cluster?.info();
    expect(info?.nodes.map(({ state, sessions }) => `${state} ${sessions}`).sort()).toEqual([
      "alive 2",
      "draining 0",
    ]);
  });
});

describe("a store that can't be shared", () => {
  it.each(["memory:", "lmdb:./never-made"])("is refused for a server, too: %s", async (store) => {
    const plan = await clusterPlanOf(true);
    expect(() => new SessionManager({ store, ...(plan && { cluster: plan }) })).toThrow(
      /can't be shared by nodes/,
    );
  });

  it("is refused when it is an adapter of one's own, of whatever kind", () => {
    class OwnAdapter {
      async get(): Promise<undefined> {}
      async set(): Promise<void> {}
      async delete(): Promise<boolean> {
        return false;
      }
      async clear(): Promise<void> {}
    }
    const stores = [
      new OwnAdapter(),
      new Keyv(new OwnAdapter() as never),
      new Map(),
      new KeyvRedis(REDIS_URL),
    ];
    for (const store of stores) {
      const make = (): unknown => new SessionManager({ store, cluster: cluster({ url: REDIS_URL }) });
      expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
      expect(make).toThrow(/^cluster: the store (keyv:\w+|memory:) can't be shared by nodes; use "postgres:/);
    }
  });

  it.each(["memory:", "lmdb:./never-made"])("%s is refused, with the way out", (store) => {
    expect(() => new SessionManager({ store, cluster: cluster() })).toThrow(
      /can't be shared by nodes; use "postgres/,
    );
  });
});
