/** What a call costs for a session of another node, beside one for a session of the node that is called. */
import { Nodes, placeIn } from "../cluster/nodes.js";
import { SERVER_KINDS, startOwnServer, type OwnServer } from "../cluster/server.js";
import type { Program } from "../frame/program.js";
import { sharing, type Contestant, type Figures, type Row, type Size } from "../frame/row.js";
import type { Called, Calling } from "../programs/cluster-calls.js";
import { operate, WhatsAppProcess } from "../whatsapp-process.js";
import { FIRST_NUMBER } from "./session-contestants.js";

const FRIEND = "5511800000003";
const SESSIONS = 20;
const AT_ONCE = 32;
const COUNTS = {
  status: { whole: 2_000, gate: 500 },
  send: { whole: 200, gate: 50 },
} as const;

/** Two nodes that share sessions. */
interface Pair {
  readonly server: OwnServer;
  readonly nodes: Nodes;
  readonly caller: Program;
  /** The sessions of the caller, and those of the other node. */
  readonly local: readonly string[];
  readonly remote: readonly string[];
}

async function openPair(server: OwnServer, whatsapp: string, firstNumber: number): Promise<Pair> {
  const nodes = new Nodes(placeIn(server.url), whatsapp, firstNumber);
  const caller = await nodes.start();
  const other = await nodes.start();
  await caller.call("open", SESSIONS);
  await nodes.shared(SESSIONS);
  const [local, remote] = await Promise.all([caller, other].map((node) => node.call<string[]>("owned")));
  return { server, nodes, caller, local: local ?? [], remote: remote ?? [] };
}

async function measure(
  pair: Pair,
  what: Calling["what"],
  ids: readonly string[],
  size: Size,
): Promise<Figures> {
  const count = COUNTS[what][size];
  const call = (atOnce: number): Promise<Called> =>
    pair.caller.call<Called>("call", { what, ids, count, atOnce, to: FRIEND } satisfies Calling);
  const cpuMs = async (): Promise<number> => {
    const all = await Promise.all(pair.nodes.running.map((node) => node.call<number>("cpuMs")));
    return all.reduce((sum, one) => sum + one, 0);
  };
  const serial = [...(await call(1)).times].sort((a, b) => a - b);
  const before = await cpuMs();
  const { wallMs } = await call(AT_ONCE);
  const cpu = ((await cpuMs()) - before) / count;
  const at = (share: number): number => serial[Math.floor(share * serial.length)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), rate: (count * 1_000) / wallMs, cpu };
}

function row(what: Calling["what"], title: string): Row {
  return {
    name: `cluster-${what}`,
    title: `${title}, for a session of the node that is called, and of another one`,
    measures: {
      p50: { title: "one after the other, p50", unit: "ms" },
      p99: { title: "p99", unit: "ms" },
      rate: { title: `calls/s, ${AT_ONCE} at once`, unit: "of the clock", digits: 0 },
      cpu: { title: "CPU per call, of both nodes", unit: "ms", digits: 3 },
    },
    goals: [],
    rounds: { whole: 5, gate: 3 },
    open: async (size) => {
      const whatsapp = await WhatsAppProcess.start();
      await operate(whatsapp.url, "phones", { phoneNumber: FRIEND });
      const servers = await Promise.all(SERVER_KINDS.map((kind) => startOwnServer(kind)));
      const pairs: Pair[] = [];
      for (const [index, server] of servers.entries())
        pairs.push(await openPair(server, whatsapp.url, FIRST_NUMBER + index * SESSIONS));
      const all = pairs.flatMap((pair) =>
        (["local", "remote"] as const).map((where): Contestant => ({
          name: `${pair.server.kind}, ${where}`,
          measure: () => measure(pair, what, pair[where], size),
          close: async () => {},
        })),
      );
      return sharing(all, async () => {
        await Promise.all(pairs.map(({ nodes }) => nodes[Symbol.asyncDispose]()));
        await Promise.all(servers.map((server) => server.end()));
        await whatsapp[Symbol.asyncDispose]();
      });
    },
  };
}

export const clusterStatus: Row = row("status", "`getStatus`");
export const clusterSend: Row = row("send", "`sendMessage`");
