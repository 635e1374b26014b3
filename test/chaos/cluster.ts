/**
 * `npm run chaos:cluster -- [--place Redis|Postgres|…] [--sessions 300] [--nodes 3] [--rounds "kill -9,SIGTERM"] [--seed 17]`: three nodes as
 * processes, WhatsApp in another one, on real servers, under texts both ways, while nodes are killed, stopped, frozen, cut off, and
 * servers go away. A checker reads what was seen from outside. Exits with 1 when a promise was broken; `--history FOLDER` keeps what was
 * seen, a JSON line each, and what the nodes said. `--texts-every 100`: milliseconds between two texts in each direction. `--random [--minutes 6]`: faults at random instead, several at once, with a lease of 2 s: five times as fast as
 * with the default. `--one-machine`: nodes see each other's processes, as those of one host do.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compilePrograms } from "../support/compiled.js";
import { RULES } from "./cluster/checker.js";
import { CLUSTER_PLACES } from "./cluster/places.js";
import { ROUNDS, type Round } from "./cluster/rounds.js";
import { runCluster, type ClusterResult } from "./cluster/run.js";
import { roundsTable } from "./cluster/table.js";

const { values } = parseArgs({
  options: {
    place: { type: "string" },
    sessions: { type: "string", default: "300" },
    nodes: { type: "string", default: "3" },
    rounds: { type: "string" },
    random: { type: "boolean", default: false },
    minutes: { type: "string", default: "6" },
    seed: { type: "string", default: "17" },
    "one-machine": { type: "boolean", default: false },
    history: { type: "string" },
    "texts-every": { type: "string", default: "100" },
  },
});
const FAST = { leaseMs: 2_000, renewMs: 600, marginMs: 200 };

interface Outcome {
  readonly place: string;
  readonly result: ClusterResult;
}

/** Those of one server have no faults of the bus alone. */
function roundsFor(place: string): readonly Round[] {
  const named = values.rounds?.split(",");
  if (named !== undefined) return ROUNDS.filter((round) => named.includes(round));
  if (values.random) return [];
  const isMixed = place.includes("bus");
  return ROUNDS.filter((round) => (isMixed ? !round.startsWith("both") : !/^(bus|store)/.test(round)));
}

async function outcomeOf(place: string, open: (typeof CLUSTER_PLACES)[string]): Promise<Outcome> {
  const result = await runCluster(await open(), {
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    sessions: Number(values.sessions),
    isOneMachine: values["one-machine"],
    textsEveryMs: Number(values["texts-every"]),
    rounds: roundsFor(place),
    log: (line) => console.log(`${place}: ${line}`),
    ...(values.random ? { times: FAST, randomMs: Number(values.minutes) * 60_000 } : {}),
  });
  return { place, result };
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${what}: ${count}`)
    .join(", ");

function print({ place, result }: Outcome): void {
  const { violations, counts, faults, refusals, error } = result;
  console.log(`\n## ${place}\n`);
  console.log(roundsTable(result));
  if (values.random) console.log(`\nat random: ${listed(faults)}`);
  console.log(`\n${listed(counts)}; answers to sends that were repeated: ${listed(refusals)}`);
  const broken = RULES.map((rule) => `${rule}: ${violations.filter((one) => one.rule === rule).length}`);
  console.log(`broken promises: ${broken.join(", ")}`);
  for (const { rule, text } of violations.slice(0, 40)) console.log(`FAIL  ${rule}: ${text}`);
  if (error !== undefined) console.log(`FAIL  ${error}`);
}

// Its children end with it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

let failed = 0;
const removePrograms = await compilePrograms(["test/chaos/cluster/*-child.ts"]);
try {
  for (const [place, open] of Object.entries(CLUSTER_PLACES)) {
    if (values.place !== undefined && values.place !== place) continue;
    const outcome = await outcomeOf(place, open);
    print(outcome);
    const { violations, error, entries, lines, counts } = outcome.result;
    if (violations.length > 0 || error !== undefined || counts["sends not done"] !== 0) failed += 1;
    if (values.history === undefined) continue;
    const written = { jsonl: entries.map((entry) => JSON.stringify(entry)), log: lines };
    for (const [ending, texts] of Object.entries(written))
      await writeFile(join(values.history, `${place}.${ending}`), texts.join("\n"));
  }
} finally {
  await removePrograms();
}
console.log(failed === 0 ? "\nno promise was broken" : `\n${failed} FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
