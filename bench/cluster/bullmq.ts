/**
 * What decision 19 compares zpwoot's own membership with: BullMQ 6 on Redis and on its Postgres backend, as members by its Relay and with
 * a lease per session by jobs. Prints a table; it is no row of the bench, since BullMQ is not installed with zpwoot:
 *
 *   npm install --prefix /tmp/bullmq bullmq@6.7.0 ioredis@5 pg@8
 *   BULLMQ=/tmp/bullmq npx tsx bench/cluster/bullmq.ts [--sessions 5000]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { compilePrograms } from "../../test/support/compiled.js";
import { Program } from "../frame/program.js";
import { Nodes, placeIn } from "./nodes.js";
import { SERVER_KINDS, startOwnServer, type OwnServer, type ServerKind } from "./server.js";

const NODES = 3;
const SETTLE_MS = 12_000;
const WINDOW_MS = 30_000;
const MINUTE_MS = 60_000;
const LOOK_MS = 50;
const WITHIN_MS = 60_000;
const NOWHERE = "ws://127.0.0.1:9";

const { values } = parseArgs({ options: { sessions: { type: "string", default: "5000" } } });
const SESSIONS = Number(values.sessions);
const FOLDER = process.env["BULLMQ"] ?? "";

/** What one way of doing it took. */
type Figures = Readonly<Record<string, number>>;

async function atRest(server: OwnServer, nodes: readonly Program[]): Promise<Figures> {
  await sleep(SETTLE_MS);
  const cpuMs = async (): Promise<number> => {
    const all = await Promise.all(nodes.map((node) => node.call<number>("cpuMs")));
    return all.reduce((sum, one) => sum + one, 0);
  };
  const [before, cpuBefore] = [await server.done(), await cpuMs()];
  await sleep(WINDOW_MS);
  const [after, cpuAfter] = [await server.done(), await cpuMs()];
  const perMinute = MINUTE_MS / WINDOW_MS / nodes.length;
  return {
    "commands a node and minute": (after.commands - before.commands) * perMinute,
    "ms of the server": (after.cpuMs - before.cpuMs) * perMinute,
    "ms of the node": (cpuAfter - cpuBefore) * perMinute,
    "kB written log": ((after.walBytes - before.walBytes) * perMinute) / 1_000,
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("It did not happen in time");
    await sleep(LOOK_MS);
  }
}

async function withNodes(
  server: OwnServer,
  use: (nodes: readonly Program[]) => Promise<Figures>,
): Promise<Figures> {
  const names = Array.from({ length: NODES }, (_, n) => `node-${n}`);
  const nodes = names.map((name) => new Program("bullmq-node", [FOLDER, server.kind, server.url, name]));
  try {
    return await use(nodes);
  } finally {
    for (const node of nodes) {
      for (const error of new Set(await node.call<string[]>("errors").catch(() => [])))
        console.log(`error: ${error}`);
      await node.kill().catch(() => {});
    }
  }
}

/** Members by the Relay. */
const byRelay = (server: OwnServer): Promise<Figures> =>
  withNodes(server, async (nodes) => {
    for (const node of nodes) await node.call("join");
    const rest = await atRest(server, nodes);
    const [victim, ...others] = nodes;
    await victim?.kill();
    const killedAt = performance.timeOrigin + performance.now();
    const seen: number[] = [];
    await until(async () => {
      for (const node of others) seen.push(...(await node.call<number[]>("swept")));
      return seen.length > 0;
    });
    return { ...rest, "a dead node is seen after, s": (Math.min(...seen) - killedAt) / 1_000 };
  });

/** A lease per session. */
const byJobs = (server: OwnServer): Promise<Figures> =>
  withNodes(server, async (nodes) => {
    const [victim, ...others] = nodes;
    await victim?.call("addSessions", SESSIONS);
    for (const node of nodes) await node.call("lease");
    const begun = performance.now();
    const share = Math.ceil(SESSIONS / NODES);
    await Promise.all(nodes.map((node) => node.call("take", share)));
    const claimed = (performance.now() - begun) / 1_000;
    const rest = await atRest(server, nodes);
    for (const node of others) await node.call("takeAll");
    await victim?.kill();
    const killedAt = performance.now();
    const sum = async (): Promise<number> =>
      (await Promise.all(others.map((node) => node.call<number>("held")))).reduce((all, one) => all + one, 0);
    await until(async () => (await sum()) >= SESSIONS);
    const lost = await Promise.all(others.map((node) => node.call<number>("lost")));
    return {
      ...rest,
      "all claimed after, s": claimed,
      "those of a dead node run again after, s": (performance.now() - killedAt) / 1_000,
      "leases lost meanwhile": lost.reduce((all, one) => all + one, 0),
    };
  });

/** zpwoot's own: nodes of machines of their own, sessions that are not connected. */
async function own(server: OwnServer, sessions: number): Promise<Figures> {
  await using nodes = new Nodes(placeIn(server.url), NOWHERE);
  const first = await nodes.start();
  await first.call("create", sessions);
  while (nodes.running.length < NODES) await nodes.start();
  if (sessions > 0) await nodes.shared(sessions);
  const rest = await atRest(server, nodes.running);
  const [victim] = nodes.running;
  if (victim === undefined) throw new Error("No node runs");
  await nodes.kill(victim);
  const killedAt = performance.now();
  await until(async () => {
    const counts = await Promise.all(nodes.running.map((node) => node.call<number>("nodeCount")));
    return counts.some((count) => count < NODES);
  });
  const seen = (performance.now() - killedAt) / 1_000;
  await nodes.until((counts) => counts.reduce((all, one) => all + one, 0) === sessions);
  return {
    ...rest,
    "a dead node is seen after, s": seen,
    "those of a dead node run again after, s": (performance.now() - killedAt) / 1_000,
  };
}

const WAYS: Readonly<Record<string, (server: OwnServer) => Promise<Figures>>> = {
  "BullMQ, its Relay": byRelay,
  [`BullMQ, ${SESSIONS} leases`]: byJobs,
  "zpwoot, no session": (server) => own(server, 0),
  [`zpwoot, ${SESSIONS} sessions`]: (server) => own(server, SESSIONS),
};

async function measure(kind: ServerKind, way: (server: OwnServer) => Promise<Figures>): Promise<Figures> {
  const server = await startOwnServer(kind);
  try {
    return await way(server);
  } finally {
    await server.end();
  }
}

if (FOLDER === "")
  throw new Error("BULLMQ names the folder in which BullMQ is installed: see the head of this file");
const remove = await compilePrograms(["bench/programs/*.ts"]);
try {
  for (const [name, way] of Object.entries(WAYS))
    for (const kind of SERVER_KINDS) {
      const figures = Object.entries(await measure(kind, way)).map(
        ([what, figure]) => `${what}: ${figure.toFixed(1)}`,
      );
      console.log(`${name}, ${kind}: ${figures.join("; ")}`);
    }
} finally {
  await remove();
}
