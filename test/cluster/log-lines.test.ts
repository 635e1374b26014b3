/** What the log of a node tells of the others, and of sessions that move. */
import { expect, it } from "vitest";
import { SILENT, type Logger } from "../../src/api/logger.js";
import { ClusterWorld, eventually, owned, SHARED_STORES } from "./nodes.js";

it("the log of a node tells of nodes that come and go, and of each session that moves", async () => {
  await using world = await ClusterWorld.open(SHARED_STORES[1].open);
  const lines: (object & { readonly line: string })[] = [];
  const add = (fields: object, line: string): void => void lines.push({ ...fields, line });
  const logger: Logger = { ...SILENT, debug: add, info: add, warn: add, error: add };
  const of = (line: string) =>
    lines.filter((one) => one.line === line).map(({ line: _, ...fields }) => fields);
  const first = await world.started({ name: "north" }, { logger });
  const { id } = await first.create({ name: "a" });
  const { id: other } = await first.create({ name: "b" });
  const second = await world.started({ name: "south", weight: 3 });
  const node = String(second.cluster?.nodeId);
  await eventually(() => owned([first, second]).join() === "1,1", "a fair share");
  const gone = of("A session was given to another node");
  expect(gone).toEqual([{ sessionId: expect.stringMatching(`${id}|${other}`) as string, to: node }]);
  await second.stop();
  await eventually(() => owned([first]).join() === "2", "it has both again");
  await eventually(
    () => of("Another node is not in the cluster any more").length > 0,
    "it is seen to be gone",
  );
  expect(of("Another node is in the cluster")).toEqual([
    expect.objectContaining({
      node,
      name: "south",
      weight: 3,
      pid: process.pid,
      version: expect.any(String) as string,
    }),
  ]);
  expect(of("This node runs more sessions now")).toEqual([
    { sessions: 1, node: first.cluster?.nodeId, claims: 0, takeOvers: 0, handovers: 1 },
  ]);
  expect(of("This node runs a session now")).toMatchObject([
    { ...gone.map(({ sessionId }: { sessionId?: string }) => ({ sessionId }))[0], by: "handovers" },
  ]);
  expect(of("Another node is not in the cluster any more")).toMatchObject([{ node, name: "south" }]);
});
