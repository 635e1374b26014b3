/** `zpwoot cluster status | drain`, beside managers that are nodes. */
import { describe, expect, it } from "vitest";
import { clusterCommand } from "../../src/cli/cluster.js";
import { listCommand } from "../../src/cli/stored-sessions.js";
import { ClusterWorld, eventually, owned, SHARED_STORES } from "../cluster/nodes.js";

async function run(command: typeof clusterCommand, ...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  await command(args, (line) => lines.push(line));
  return lines.join("\n");
}

const status = (store: string, ...args: readonly string[]): Promise<string> =>
  run(clusterCommand, "status", "--store", store, ...args);

describe.concurrent.each(SHARED_STORES)("zpwoot cluster on $name", { timeout: 60_000 }, ({ open }) => {
  it("shows the nodes and who runs the sessions, as a table and as JSON", async () => {
    await using world = await ClusterWorld.open(open);
    expect(await status(world.place.url)).toBe(
      "no node runs on this store now\n0 sessions, 0 of them without a node",
    );
    const first = await world.started({ name: "north", weight: 3 });
    for (const name of ["a", "b", "c", "d"]) await first.create({ name });
    const second = await world.started({ name: "south" });
    await eventually(
      async () => /alive +3 +3 .*[^]*alive +1 +1 /.test(await status(world.place.url)),
      "the table shows that they have shared out",
    );
    const [head, north, south, last] = (await status(world.place.url)).split("\n");
    expect(head).toMatch(/^node +name +state +sessions +weight +heard +since +process +version$/);
    expect(north).toMatch(
      new RegExp(
        `^${first.cluster?.nodeId.slice(0, 8)} +north +alive +3 +3 +[01]\\.\\d s ago +20\\S+Z +${process.pid} on \\S+ +\\d`,
      ),
    );
    expect(south).toContain(`${second.cluster?.nodeId.slice(0, 8)}`);
    expect(last).toBe("4 sessions, 0 of them without a node");
    await eventually(
      async () => /"south"[^]*"taken": \{[^}]*"handovers": 1\n/.test(await status(world.place.url, "--json")),
      "the next sign of life tells of the move",
    );
    expect(JSON.parse(await status(world.place.url, "--json"))).toMatchObject({
      nodes: [
        {
          id: first.cluster?.nodeId,
          name: "north",
          state: "alive",
          sessions: 3,
          weight: 3,
          pid: process.pid,
        },
        { name: "south", sessions: 1, taken: { claims: 0, takeOvers: 0, handovers: 1 } },
      ],
      sessions: { total: 4, unowned: 0 },
    });
    expect(await run(listCommand, "--store", world.place.url)).toMatch(
      /run by the nodes of a cluster, since \S+Z: zpwoot cluster status$/,
    );
  });

  it("drains a node by its name or the first letters of its id, and says what is wrong with others", async () => {
    await using world = await ClusterWorld.open(open);
    const store = ["--store", world.place.url];
    const first = await world.started({ name: "north" });
    await first.create({ name: "a" });
    await first.create({ name: "b" });
    await expect(run(clusterCommand, "drain", "north", ...store)).rejects.toThrow(
      /No other node takes sessions/,
    );
    const second = await world.started({ name: "south" });
    await eventually(() => owned([first, second]).join() === "1,1", "a fair share");
    await expect(run(clusterCommand, "drain", "nort", ...store)).rejects.toThrow(
      'there is no node "nort" (did you mean north?)',
    );
    expect(await run(clusterCommand, "drain", "north", ...store)).toMatch(
      /\(north\) gives 1 sessions to the others…\nit has none left/,
    );
    expect(owned([first])).toEqual([0]);
    await eventually(() => owned([second]).join() === "2", "the other one has them");
    expect(await status(world.place.url)).toMatch(/north +draining +0 /);
    const third = await world.started({ name: "south" });
    await eventually(() => owned([second, third]).join() === "1,1", "a fair share");
    await expect(run(clusterCommand, "drain", "south", ...store)).rejects.toThrow(
      /"south" names 2 nodes: \S{8} \(south\), \S{8} \(south\)\. Give more of the id/,
    );
    await run(clusterCommand, "drain", String(third.cluster?.nodeId.slice(0, 12)), ...store);
    expect(owned([third])).toEqual([0]);
  });

  it("says who runs the sessions alone", async () => {
    await using world = await ClusterWorld.open(open);
    await world.manager().start();
    expect(await status(world.place.url)).toMatch(
      new RegExp(`^process ${process.pid} on \\S+ runs all sessions alone, since 20`),
    );
    await expect(run(clusterCommand, "drain", "x", "--store", world.place.url)).rejects.toThrow(
      'there is no node "x": no node runs now',
    );
  });
});

describe("zpwoot cluster", () => {
  it.each([
    [
      ["status", "--store", "lmdb:./never-made"],
      /the store lmdb:\S+ can't be shared by nodes; use "postgres:/,
    ],
    [["status", "north"], /usage: zpwoot cluster status \[--json\] \| drain <node>/],
    [["drain"], /usage: zpwoot cluster status/],
    [["drian", "north"], /usage: zpwoot cluster status/],
  ])("refuses %j", async (args, message) => {
    await expect(run(clusterCommand, ...args)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      permanent: true,
      message: expect.stringMatching(message) as string,
    });
  });
});
