/** What an open session costs at rest: heap, memory outside of it, and RSS. */
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../frame/program.js";
import type { Contestant, Figures, Row } from "../frame/row.js";
import { WhatsAppProcess } from "../whatsapp-process.js";
import { FIRST_NUMBER } from "./session-contestants.js";

/** Sessions of each contestant. */
const SESSIONS = { whole: Number(process.env["BENCH_SESSIONS"] ?? 300), gate: 50 } as const;
/** They are linked before the first look: what is loaded and compiled once is not theirs. */
const WARM = 5;
/** Settles when what a session does after it is linked is done. */
const REST_MS = 3_000;

/** Each round in a process of its own, on a service of its own: its phones are many after a while. */
function contestant(name: string, program: string, place: string, sessions: number): Contestant {
  return {
    name,
    measure: async () => {
      await using whatsapp = await WhatsAppProcess.start();
      await using running = new Program(
        program,
        [whatsapp.url, String(FIRST_NUMBER), place],
        ["--expose-gc"],
      );
      const look = async (more: number): Promise<Figures> => {
        await running.call("open", more);
        await sleep(REST_MS);
        return running.call("memory");
      };
      const [before, after] = [await look(WARM), await look(sessions)];
      const kilobytes = (what: string): number =>
        ((after[what] ?? NaN) - (before[what] ?? NaN)) / sessions / 1_000;
      const process = (before["rss"] ?? NaN) / 1_000_000;
      return { heap: kilobytes("heap"), outside: kilobytes("outside"), rss: kilobytes("rss"), process };
    },
    close: async () => {},
  };
}

/** An open session that does nothing. */
export const memory: Row = {
  name: "memory",
  title: `An open session at rest, of ${SESSIONS.whole}`,
  measures: {
    heap: { title: "heap", unit: "kB", digits: 1 },
    outside: { title: "outside of it", unit: "kB", digits: 1 },
    rss: { title: "RSS", unit: "kB", digits: 1 },
    process: { title: "RSS of the process before", unit: "MB", digits: 0 },
  },
  goals: [
    { measure: "heap", contestant: "zpwoot", to: "bare", most: 1.15 },
    { measure: "outside", contestant: "zpwoot", to: "bare", most: 1.15, gate: false },
    { measure: "rss", contestant: "zpwoot", to: "bare", most: 1.2, gate: false },
  ],
  rounds: { whole: 3, gate: 1 },
  warmUp: false,
  open: async (size) => [
    contestant("bare", "bare", "memory", SESSIONS[size]),
    contestant("zpwoot", "zpwoot", "memory:", SESSIONS[size]),
  ],
};
