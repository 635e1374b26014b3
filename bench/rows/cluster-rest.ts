/** What being a node costs while nothing happens: of the store, and of the process. */
import { setTimeout as sleep } from "node:timers/promises";
import { Nodes, placeIn } from "../cluster/nodes.js";
import { SERVER_KINDS, startOwnServer, type OwnServer } from "../cluster/server.js";
import { sharing, type Contestant, type Figures, type Row } from "../frame/row.js";

/** Settles when what follows a start is done, and sessions were compared once. */
const SETTLE_MS = 11_000;
const WINDOW_MS = { whole: 30_000, gate: 10_000 } as const;
const NOWHERE = "ws://127.0.0.1:9";
const MINUTE = 60_000;

/** How a contestant is set up; 0 nodes: one manager without `cluster`. */
interface SetUp {
  readonly nodes: number;
  readonly sessions: number;
}

const SET_UPS: readonly SetUp[] = [
  { nodes: 0, sessions: 500 },
  { nodes: 1, sessions: 500 },
  { nodes: 3, sessions: 500 },
  { nodes: 3, sessions: 2_000 },
];

const nameOf = ({ kind }: Pick<OwnServer, "kind">, { nodes, sessions }: SetUp): string => {
  const who = nodes === 0 ? "no cluster" : nodes === 1 ? "1 node" : `${nodes} nodes`;
  return `${kind}, ${who}, ${sessions.toLocaleString("en")}`;
};

/** Started anew for each round: what others do at rest would be counted. */
async function measure(server: OwnServer, { nodes, sessions }: SetUp, windowMs: number): Promise<Figures> {
  await using running = new Nodes(placeIn(server.url), NOWHERE);
  const first = await running.start({ isAlone: nodes === 0 });
  await first.call("create", sessions);
  while (running.running.length < nodes) await running.start();
  if (nodes > 0) await running.shared(sessions);
  await sleep(SETTLE_MS);
  // What the start has left to be done: it would be done in the window, by chance more or less of it.
  await Promise.all([server.settle(), ...running.running.map((node) => node.call("memory"))]);
  const cpuMs = async (): Promise<number> => {
    const all = await Promise.all(running.running.map((node) => node.call<number>("cpuMs")));
    return all.reduce((sum, one) => sum + one, 0);
  };
  const [before, cpuBefore] = [await server.done(), await cpuMs()];
  await sleep(windowMs);
  const [after, cpuAfter] = [await server.done(), await cpuMs()];
  const perMinute = MINUTE / windowMs / running.running.length;
  return {
    commands: (after.commands - before.commands) * perMinute,
    cpu: (cpuAfter - cpuBefore) * perMinute,
    server: (after.cpuMs - before.cpuMs) * perMinute,
    ...(server.kind === "postgres" ? { wal: ((after.walBytes - before.walBytes) * perMinute) / 1_000 } : {}),
  };
}

export const clusterRest: Row = {
  name: "cluster-rest",
  title: "A node at rest, of sessions that are not connected, per node and minute",
  measures: {
    commands: { title: "commands of Redis, transactions of Postgres", unit: "a minute", digits: 0 },
    cpu: { title: "CPU of the node", unit: "ms a minute", digits: 0 },
    server: { title: "CPU of the server for it", unit: "ms a minute", digits: 0 },
    wal: { title: "written log", unit: "kB a minute", digits: 1 },
  },
  goals: SERVER_KINDS.flatMap((kind) =>
    (["commands", "cpu", "server"] as const).map((measure) => ({
      measure,
      contestant: nameOf({ kind }, { nodes: 1, sessions: 500 }),
      to: nameOf({ kind }, { nodes: 0, sessions: 500 }),
      most: 1.1,
      gate: false,
    })),
  ),
  rounds: { whole: 3, gate: 1 },
  warmUp: false,
  open: async (size) => {
    const servers = await Promise.all(SERVER_KINDS.map((kind) => startOwnServer(kind)));
    const all = servers.flatMap((server) =>
      SET_UPS.map((setUp): Contestant => ({
        name: nameOf(server, setUp),
        measure: () => measure(server, setUp, WINDOW_MS[size]),
        close: async () => {},
      })),
    );
    return sharing(all, async () => void (await Promise.all(servers.map((server) => server.end()))));
  },
};
