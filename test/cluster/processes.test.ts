/** A node in a process of its own that dies, and one that was stopped for longer than its lease. */
import { describe, expect, it } from "vitest";
import { Child } from "../support/child.js";
import { ClusterWorld, eventually, owned, SHARED_STORES, TIMES } from "./nodes.js";

const NODE = new URL("../support/node-child.ts", import.meta.url);

async function sharedWith(world: ClusterWorld) {
  const here = await world.started();
  await world.link(here, 4);
  const child = new Child(NODE, [world.place.url, world.emulator.url, JSON.stringify({ times: TIMES })]);
  await child.fact((fact) => fact["owned"] === 2, { timeoutMs: 30_000 });
  await child.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
  expect(owned([here])).toEqual([2]);
  return { here, child };
}

const allConnected = async (manager: Awaited<ReturnType<typeof sharedWith>>["here"]): Promise<boolean> => {
  const listed = await manager.list();
  return listed.length === 4 && listed.every(({ status }) => status === "connected");
};

describe.concurrent.each(SHARED_STORES)("a node on $name", { timeout: 90_000 }, ({ open }) => {
  it("that is killed leaves its sessions to the others, within its lease", async () => {
    await using world = await ClusterWorld.open(open);
    const { here, child } = await sharedWith(world);
    await child.end("SIGKILL");
    const killedAt = performance.now();
    await eventually(() => owned([here]).join() === "4", "it claims all");
    expect(performance.now() - killedAt).toBeLessThan(TIMES.leaseMs + 1_500);
    await eventually(() => allConnected(here), "all connect");
    expect(world.states.filter((state) => state.endsWith("conflict"))).toEqual([]);
  });

  it("that was stopped for longer than its lease drops its sessions when it wakes, and joins again as a new one", async () => {
    await using world = await ClusterWorld.open(open);
    const { here, child } = await sharedWith(world);
    try {
      const first = here.cluster?.stats().nodes;
      child.signal("SIGSTOP");
      await eventually(() => owned([here]).join() === "4", "it claims all");
      await eventually(() => allConnected(here), "all connect");
      const from = child.facts.length;
      child.signal("SIGCONT");
      await child.fact((fact) => Number(fact["lost"]) >= 2, { from, timeoutMs: 20_000 });
      await eventually(() => owned([here]).join() === "2", "it gets its share again");
      expect(here.cluster?.stats().nodes).toBe(first);
      await child.fact(({ status }) => status === "connected", { from, timeoutMs: 20_000 });
      expect(world.states.filter((state) => state.endsWith("conflict"))).toEqual([]);
    } finally {
      child.signal("SIGCONT");
      await child.end("SIGKILL");
    }
  });
});
