/** What an event costs from `publish` to its acknowledged delivery. */
import { placeFor } from "../places.js";
import { Program } from "../frame/program.js";
import { sharing, type Contestant, type Row } from "../frame/row.js";
import { startReceiver } from "./receiver.js";

/** Events of each of the 50 sessions in a round. */
const EACH = { whole: 40, gate: 20 } as const;

async function contestant(name: string, url: string, way: string, each: number): Promise<Contestant> {
  const place = way === "lmdb" || way === "redis" || way === "postgres" ? await placeFor(way) : undefined;
  const program = new Program("webhooks", [url, place?.url ?? way]);
  return {
    name,
    measure: () => program.call("deliver", each),
    close: async () => {
      await program[Symbol.asyncDispose]();
      await place?.drop();
    },
  };
}

/** Bare loops send one request at a time for each session, store nothing, and retry nothing. */
export const webhooks: Row = {
  name: "webhooks",
  title: "Webhooks, a burst of 50 sessions, from publish to acknowledgement; a unit is an event",
  measures: {
    cpu: { title: "CPU per event", unit: "ms", digits: 3 },
    rate: { title: "events/s", unit: "of the clock", digits: 0 },
  },
  goals: [
    { measure: "cpu", contestant: "zpwoot lmdb", to: "fetch", most: 0.5, gate: false },
    { measure: "cpu", contestant: "zpwoot lmdb", to: "keep-alive, signed", most: 1.7 },
  ],
  open: async (size) => {
    const { url, end } = await startReceiver();
    const ways: readonly (readonly [name: string, way: string])[] = [
      ["keep-alive, signed", "keep-alive"],
      ["zpwoot lmdb", "lmdb"],
      ...(size === "whole"
        ? ([
            ["fetch", "fetch"],
            ["zpwoot postgres", "postgres"],
            ["zpwoot redis", "redis"],
          ] as const)
        : []),
    ];
    const all = ways.map(([name, way]) => contestant(name, url, way, EACH[size]));
    return sharing(await Promise.all(all), async () => void (await end()));
  },
};
