/** How long sessions are without a connection when one of three nodes is killed, by how many there are. */
import { setTimeout as sleep } from "node:timers/promises";
import { Nodes, placeIn } from "../cluster/nodes.js";
import { SERVER_KINDS, startOwnServer, type OwnServer } from "../cluster/server.js";
import type { Contestant, Figures, Row } from "../frame/row.js";
import { WhatsAppProcess } from "../whatsapp-process.js";

const NODES = 3;
const SESSIONS = { whole: [100, 500, 2_000], gate: [30] } as const;
const LOOK_MS = 50;
const WITHIN_MS = 300_000;

/** Kills the node that has most sessions. Settles with how long it took until others had them, and until they were connected. */
async function takeOver(nodes: Nodes, sessions: number): Promise<Figures> {
  const counts = await Promise.all(nodes.running.map((node) => node.call<number>("ownedCount")));
  const most = counts.indexOf(Math.max(...counts));
  const victim = nodes.running[most];
  const lost = counts[most] ?? 0;
  if (victim === undefined) throw new Error("No node runs");
  for (const node of nodes.running) await node.call("connected");
  const killedAt = performance.timeOrigin + performance.now();
  await nodes.kill(victim);
  await nodes.until((held) => held.reduce((sum, one) => sum + one, 0) === sessions);
  const claimed = performance.timeOrigin + performance.now() - killedAt;
  const connected: number[] = [];
  const until = performance.now() + WITHIN_MS;
  while (connected.length < lost && performance.now() < until) {
    await sleep(LOOK_MS);
    for (const node of nodes.running) connected.push(...(await node.call<number[]>("connected")));
  }
  const after = connected.map((at) => (at - killedAt) / 1_000).sort((a, b) => a - b);
  const at = (share: number): number =>
    after[Math.min(after.length - 1, Math.floor(share * after.length))] ?? NaN;
  return { lost, claimed: claimed / 1_000, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Each of a contestant's rounds has a service, a server and nodes of its own: what others do would be in its way. */
async function measure(kind: OwnServer["kind"], sessions: number): Promise<Figures> {
  await using whatsapp = await WhatsAppProcess.start();
  const server = await startOwnServer(kind);
  try {
    await using nodes = new Nodes(placeIn(server.url), whatsapp.url);
    const first = await nodes.start();
    await first.call("open", sessions);
    while (nodes.running.length < NODES) await nodes.start();
    await nodes.shared(sessions);
    return await takeOver(nodes, sessions);
  } finally {
    await server.end();
  }
}

export const clusterTakeover: Row = {
  name: "cluster-takeover",
  title: `One of ${NODES} nodes is killed: after how long its sessions are back, by the sessions of all`,
  measures: {
    lost: { title: "sessions of the node", unit: "", digits: 0 },
    claimed: { title: "all run by others after", unit: "s", digits: 1 },
    p50: { title: "connected again, p50", unit: "s", digits: 1 },
    p99: { title: "p99", unit: "s", digits: 1 },
    max: { title: "max", unit: "s", digits: 1 },
  },
  goals: [],
  rounds: { whole: 1, gate: 1 },
  warmUp: false,
  open: async (size) =>
    SERVER_KINDS.flatMap((kind) =>
      SESSIONS[size].map((sessions): Contestant => ({
        name: `${kind}, ${sessions.toLocaleString("en")}`,
        measure: () => measure(kind, sessions),
        close: async () => {},
      })),
    ),
};
