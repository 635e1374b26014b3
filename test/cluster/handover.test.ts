/** Sessions that move because somebody wants it: a node leaves, drains or joins. Real processes on real servers. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { OWNERSHIP_TIMES } from "../../src/ownership/lease.js";
import { violations } from "../chaos/cluster/checker.js";
import { moment } from "../chaos/cluster/history.js";
import type { NodeProcess } from "../chaos/cluster/node-process.js";
import type { ClusterWorld, WorldSize } from "../chaos/cluster/world.js";
import { facts, nodeOf, openProcesses, PLACE_NAMES } from "./process-worlds.js";

const TRAFFIC_MS = 1_000;
const READ_MS = 5_000;
/** So long a session that was made lately stays where it is. */
const NEW_MS = 5_000;
/** On two busy cores; alone it takes a tenth of it. */
const SECONDS_MS = 10_000;

/** With the leases of production: none ends here because the machine is busy. */
const open = (place: (typeof PLACE_NAMES)[number], size: Pick<WorldSize, "nodes" | "sessions" | "kind">) =>
  openProcesses(place, { ...size, times: OWNERSHIP_TIMES });

/** How many sessions the nodes hold. */
const counts = (world: ClusterWorld, nodes: readonly NodeProcess[]): readonly number[] =>
  nodes.map((node) => world.heldBy(node).length);

async function make(node: NodeProcess, names: readonly string[]): Promise<readonly string[]> {
  const made = await Promise.all(names.map((name) => node.ask({ do: "create", name })));
  return made.map(({ value }) => String(value));
}

const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe.concurrent.each(PLACE_NAMES)("on %s", { timeout: 120_000 }, (place) => {
  it("a node that gets SIGTERM hands each session to another one, without a conflict, and readers miss no event", async () => {
    await using world = await open(place, { nodes: 3, sessions: 6 });
    const begun = moment();
    world.traffic.begin();
    await sleep(TRAFFIC_MS);
    const node = world.fullest();
    const held = world.heldBy(node);
    expect(held.length).toBeGreaterThan(1);
    const from = moment();
    expect(await node.leave()).toBeLessThan(SECONDS_MS);
    const end = await world.end();

    expect(violations(world.history.entries, end)).toEqual([]);
    expect(world.traffic.undone).toEqual([]);
    const moves = facts(world, "holder", from).filter(({ session }) => held.includes(session));
    // From hand to hand: at no moment was one of nobody.
    expect(moves.filter(({ node: to }) => typeof to !== "string" || to === node.node)).toEqual([]);
    expect(new Set(moves.map(({ session }) => session))).toEqual(new Set(held));
    const away = facts(world, "login", from).map(({ session, at }) => {
      const closed = facts(world, "closed", from).find((one) => one.session === session);
      return at - (closed?.at ?? NaN);
    });
    expect(Math.max(...away)).toBeLessThan(SECONDS_MS);
    // Those who read at the nodes that stayed get all that was said before, meanwhile and after.
    const said = new Set(facts(world, "queued", begun).map(({ delivery }) => delivery));
    for (const { name } of world.present) {
      const missed = (): readonly string[] => {
        const read = new Set(
          facts(world, "event").flatMap(({ reader, id }) => (reader === name ? [id] : [])),
        );
        return [...said].filter((id) => !read.has(id));
      };
      await world.until(
        `all read at ${name}`,
        () => missed().length === 0,
        () => missed().join(),
        READ_MS,
      );
    }
  });

  it("a node that drains gives all sessions away, takes none, and goes on answering for those of others", async () => {
    await using world = await open(place, { nodes: 2, sessions: 4 });
    const [node, other] = [nodeOf(world, 0), nodeOf(world, 1)];
    expect(await node.ask({ do: "drain" })).toMatchObject({ ok: true });
    await world.until("all given", () => counts(world, [node, other]).join() === "0,4");
    await world.until("connected", () => world.connected.size === 4);
    const [session] = world.sessions;
    const sent = await node.ask({
      do: "send",
      id: session?.id ?? "",
      to: world.friend,
      text: "by way of it",
    });
    expect(sent).toMatchObject({ ok: true });
    // What is made there is not kept there.
    await make(node, ["new"]);
    await world.until("given too", () => counts(world, [node, other]).join() === "0,5");
    expect(node.alive).toBe(true);
  });

  it("a node that joins gets its share: idle sessions first, one after the other at the rate, and none twice", async () => {
    const kind = { movesPerSecond: 2 };
    await using world = await open(place, { nodes: 1, sessions: 0, kind });
    const first = nodeOf(world, 0);
    const idle = await make(first, named("idle", 6));
    await world.link(3);
    await world.calm();
    await sleep(NEW_MS);
    const from = moment();
    const second = await world.start(kind);
    await world.until("shared out", () => counts(world, [first, second]).join() === "5,4");
    await sleep(TRAFFIC_MS);
    const moves = facts(world, "holder", from);
    expect(moves.filter(({ node }) => node === first.node)).toEqual([]);
    expect(new Set(moves.map(({ session }) => session)).size).toBe(4);
    expect(moves.filter(({ session }) => !idle.includes(session))).toEqual([]);
    expect(facts(world, "closed", from)).toEqual([]);
    const given = [...new Map([...moves].reverse().map(({ session, at }) => [session, at])).values()].sort();
    const apart = given.slice(1).map((at, n) => at - (given[n] ?? NaN));
    expect(Math.min(...apart)).toBeGreaterThan((1_000 / kind.movesPerSecond) * 0.8);
  });

  it("a node of twice the weight gets twice the sessions", async () => {
    await using world = await open(place, { nodes: 1, sessions: 0, kind: { movesPerSecond: 50 } });
    const light = nodeOf(world, 0);
    await make(light, named("s", 9));
    await sleep(NEW_MS);
    const heavy = await world.start({ weight: 2 });
    await world.until("shared out", () => counts(world, [light, heavy]).join() === "3,6");
    const [from, given] = [moment(), world.heldBy(heavy)];
    await sleep(TRAFFIC_MS);
    // Nothing but that it takes what it was given.
    const moves = facts(world, "holder", from);
    expect(moves.filter(({ session, node }) => node !== heavy.node || !given.includes(session))).toEqual([]);
  });
});
