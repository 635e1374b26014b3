/** Servers that are away, and nodes that are cut off: when connections end, and who has them after it. Real processes on real servers. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { violations } from "../chaos/cluster/checker.js";
import { moment } from "../chaos/cluster/history.js";
import type { NodeProcess, Way } from "../chaos/cluster/node-process.js";
import type { ClusterWorld, LinkedSession } from "../chaos/cluster/world.js";
import { FAST_TIMES, facts, nodeOf, openProcesses, PLACE_NAMES, SLACK_MS } from "./process-worlds.js";

const { leaseMs, renewMs, marginMs } = FAST_TIMES;
/** A client tries to connect again within a second: with the other times, that and an outage would be as long as the lease. */
const SLOW_TIMES = { leaseMs: 5_000, renewMs: 1_500, marginMs: 500 };
const SHORT_MS = SLOW_TIMES.leaseMs / 4;
const LONG_MS = 3 * leaseMs;
/** So long a command for a session elsewhere waits for the bus. */
const PATIENCE_MS = 20_000;

interface Cut {
  readonly nodes: readonly NodeProcess[];
  readonly ways: readonly Way[];
  readonly mode: "silent" | "refuse";
}

/** Returns what ends it. Every node has just said that it is alive when it begins. */
async function cut(world: ClusterWorld, { nodes, ways, mode }: Cut): Promise<() => void> {
  await sleep(2 * renewMs);
  for (const node of nodes) for (const way of ways) node.cut(way, mode);
  return () => {
    for (const node of nodes) for (const way of ways) node.heal(way);
    world.history.add({ kind: "returned" });
  };
}

/** A session that the node holds. */
function sessionOf(world: ClusterWorld, node: NodeProcess): LinkedSession {
  const held = world.heldBy(node);
  const session = world.sessions.find(({ id }) => held.includes(id));
  if (session === undefined) throw new Error("it holds none");
  return session;
}

const send = (world: ClusterWorld, by: NodeProcess, { id }: LinkedSession, text: string) =>
  by.ask({ do: "send", id, to: world.friend, text }, PATIENCE_MS);

async function broken(world: ClusterWorld) {
  const end = await world.end();
  return violations(world.history.entries, end);
}

describe.concurrent.each(PLACE_NAMES)("on %s", { timeout: 120_000 }, (place) => {
  it.each(["silent", "refuse"] as const)(
    "connections stay while the store is away (%s) for less than a lease: nobody logs in again",
    async (mode) => {
      await using world = await openProcesses(place, { nodes: 2, sessions: 4, times: SLOW_TIMES });
      const from = moment();
      const heal = await cut(world, { nodes: world.nodes, ways: ["store"], mode });
      await sleep(SHORT_MS);
      heal();
      await sleep(SLOW_TIMES.leaseMs);
      await world.calm();
      expect(facts(world, "closed", from)).toEqual([]);
      expect(facts(world, "holder", from)).toEqual([]);
      expect(await broken(world)).toEqual([]);
    },
  );

  it("connections end in time when the store is away for longer, and those who had the sessions connect them again", async () => {
    await using world = await openProcesses(place, { nodes: 2, sessions: 4 });
    const before = new Map(world.connected);
    const heal = await cut(world, { nodes: world.nodes, ways: ["store"], mode: "refuse" });
    const from = moment();
    await sleep(LONG_MS);
    const ended = facts(world, "closed", from);
    expect(ended.map(({ session }) => session).sort()).toEqual([...before.keys()].sort());
    const after = ended.map(({ at }) => at - from);
    expect(Math.min(...after)).toBeGreaterThan(leaseMs - marginMs - renewMs - SLACK_MS);
    expect(Math.max(...after)).toBeLessThan(leaseMs - marginMs + SLACK_MS);
    expect(facts(world, "login", from)).toEqual([]);
    heal();
    await world.calm();
    for (const [session, { process }] of before) expect(world.connected.get(session)?.process).toBe(process);
    expect(facts(world, "holder", from)).toEqual([]);
    expect(await broken(world)).toEqual([]);
  });

  it("nothing ends while the bus is away: commands for own sessions are done, those for others are refused in time", async () => {
    await using world = await openProcesses(place, { nodes: 2, sessions: 4 });
    const [one, other] = [nodeOf(world, 0), nodeOf(world, 1)];
    const from = moment();
    const heal = await cut(world, { nodes: world.nodes, ways: ["bus"], mode: "refuse" });
    const asked = performance.now();
    const [own, elsewhere] = await Promise.all([
      send(world, one, sessionOf(world, one), "own"),
      send(world, one, sessionOf(world, other), "elsewhere"),
    ]);
    expect(own).toMatchObject({ ok: true });
    expect(elsewhere).toMatchObject({ ok: false, code: "NODE_UNAVAILABLE" });
    expect(performance.now() - asked).toBeLessThan(PATIENCE_MS);
    heal();
    await world.until(
      "commands pass",
      async () => (await send(world, one, sessionOf(world, other), "elsewhere")).ok,
    );
    expect(facts(world, "closed", from)).toEqual([]);
    expect(facts(world, "holder", from)).toEqual([]);
    expect(await broken(world)).toEqual([]);
  });

  it.each(["silent", "refuse"] as const)(
    "a node that is cut off (%s) has ended its connections before others log in, and comes back as a new one",
    async (mode) => {
      await using world = await openProcesses(place, { nodes: 3, sessions: 6 });
      const node = world.fullest();
      const [was, held] = [node.node, world.heldBy(node)];
      const heal = await cut(world, { nodes: [node], ways: ["store", "bus"], mode });
      const from = moment();
      await world.until("taken over", () =>
        held.every((id) => ![undefined, node.name].includes(world.connected.get(id)?.process)),
      );
      const ended = facts(world, "closed", from).filter(({ process }) => process === node.name);
      const taken = facts(world, "login", from);
      expect(ended).toHaveLength(held.length);
      expect(Math.max(...ended.map(({ at }) => at))).toBeLessThan(Math.min(...taken.map(({ at }) => at)));
      expect(Math.min(...taken.map(({ at }) => at)) - from).toBeGreaterThan(leaseMs - renewMs - SLACK_MS);
      heal();
      await world.calm();
      expect(node.node).not.toBe(was);
      expect(await broken(world)).toEqual([]);
    },
  );
});
