/** What a received message costs on the one node of a cluster, and without a cluster. */
import { sharing, type Row } from "../frame/row.js";
import { WhatsAppProcess } from "../whatsapp-process.js";
import { receive } from "./receive.js";
import { zpwootSessions } from "./session-contestants.js";

const SESSIONS = 20;
const EACH = { whole: 60, gate: 20 } as const;
const KINDS = ["redis", "postgres"] as const;
const MOST = 1.1;

export const clusterMessage: Row = {
  name: "cluster-message",
  title: `Receive, ${SESSIONS} sessions, with one node and without \`cluster\`; a unit is a message`,
  measures: {
    cpu: { title: "CPU per message", unit: "ms", digits: 3 },
    rate: { title: "messages/s", unit: "of the clock", digits: 0 },
  },
  goals: KINDS.map((kind) => ({
    ...{ measure: "cpu", contestant: `${kind}, 1 node`, to: kind, most: MOST, gate: false },
  })),
  open: async (size) => {
    const whatsapp = await WhatsAppProcess.start();
    const setUp = { whatsapp, sessions: SESSIONS, measure: receive(whatsapp, EACH[size]) };
    const all = [];
    for (const kind of KINDS) {
      all.push(await zpwootSessions(kind, kind, setUp));
      all.push(await zpwootSessions(`${kind}, 1 node`, kind, setUp, { node: "node-1" }));
    }
    return sharing(all, () => whatsapp[Symbol.asyncDispose]());
  },
};
