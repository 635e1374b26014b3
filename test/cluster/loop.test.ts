/** When a node compares its sessions with the store. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { ClusterLoop } from "../../src/cluster/loop.js";
import { Membership } from "../../src/cluster/membership.js";
import type { ClusterNode } from "../../src/cluster/node.js";
import type { Reconciler } from "../../src/cluster/reconciler.js";
import { StoreClock } from "../../src/cluster/store-clock.js";
import { askToDrain, UNMOVED } from "../../src/cluster/stored-nodes.js";
import { OwnerWatch } from "../../src/ownership/owner-watch.js";
import { openStore } from "../../src/store/open-store.js";
import { eventually } from "./nodes.js";

const LEASE_MS = 30;

/** A node that has compared its sessions once, and how often it did since. */
function alone() {
  const self = randomUUID();
  const node = {
    nodeId: self,
    lastJoined: self,
    look: async () => {
      looks += 1;
      return new Map([[self, { facts: {}, lease: undefined, silentMs: 0 }]]);
    },
    renew: async () => {},
  };
  const reconciler = {
    waits: false,
    isDone: true,
    run: async () => void (compared += 1),
    balance: async () => {},
  };
  let [looks, compared] = [0, 0];
  const loop = new ClusterLoop({
    node: node as unknown as ClusterNode,
    times: { leaseMs: LEASE_MS, renewMs: 10, marginMs: 1 },
    logger: SILENT,
    reconciler: () => reconciler as unknown as Reconciler,
    announce: async () => {},
    stopping: new AbortController().signal,
  });
  loop.run();
  const afterLooks = async (count: number): Promise<number> => {
    const until = looks + count;
    await eventually(() => looks >= until, `${count} looks`);
    return compared;
  };
  return { loop, node, reconciler, afterLooks, compared: () => compared };
}

it("alone, and with all that it asked for, it does not compare them at every third look", async () => {
  const { loop, afterLooks } = alone();
  const first = await afterLooks(2);
  // One in thirty, wherever the count stands.
  expect(await afterLooks(20)).toBeLessThanOrEqual(first + 1);
  await loop.end();
});

it("alone, it compares them when a node has come and gone between two looks", async () => {
  const { loop, node, afterLooks, compared } = alone();
  const before = await afterLooks(2);
  node.lastJoined = randomUUID();
  await afterLooks(2);
  expect(compared()).toBeGreaterThan(before);
  await loop.end();
});

it.each(["could not be made, as far as the store said", "was not read"])(
  "alone, it compares them soon when a session %s",
  async (what) => {
    const { loop, reconciler, afterLooks } = alone();
    const before = await afterLooks(2);
    if (what === "was not read") reconciler.isDone = false;
    else loop.doubt();
    expect(await afterLooks(5)).toBeGreaterThan(before);
    await loop.end();
  },
);

it("the list of nodes says who joined last, also when that one is gone and another was asked to drain", async () => {
  const store = openStore("memory:");
  const clock = new StoreClock(() => store.now());
  const join = async (): Promise<Membership> => {
    const member = new Membership(store, 10_000, clock);
    await member.join({ name: "n", weight: 1, version: "0" }, new OwnerWatch(10_000));
    await member.renew({ sessions: 0, takes: true, changes: 0, ...UNMOVED });
    return member;
  };
  const first = await join();
  await first.look();
  expect(first.lastJoined).toBe(first.id);
  const second = await join();
  await second.leave();
  await askToDrain(store, first.id);
  expect([...(await first.look()).keys()]).toEqual([first.id]);
  expect(first.lastJoined).toBe(second.id);
  // One that died is given up.
  const third = await join();
  third.end();
  expect([...(await first.look()).keys()]).toEqual([first.id]);
  expect(first.lastJoined).toBe(third.id);
  await first.leave();
  await store.close();
});
