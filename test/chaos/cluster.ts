/**
 * `npm run chaos:cluster -- [--place Redis|Postgres|…] [--sessions 300] [--rounds "kill -9,SIGTERM"] [--random 40] [--seed 17]`: three nodes as
 * processes, WhatsApp in another one, on real servers, under texts both ways, while nodes are killed, stopped, frozen, cut off, and
 * servers go away. A checker reads what was seen from outside. Exits with 1 when a promise was broken; `--history FOLDER` keeps what was
 * seen, a JSON line each. `--random N`: so many rounds in a random order, with a lease of 2 s and faults that are five times shorter.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compilePrograms } from "../support/compiled.js";
import { RULES } from "./cluster/checker.js";
import { CLUSTER_PLACES } from "./cluster/places.js";
import { ROUNDS, type Round } from "./cluster/rounds.js";
import { randomRounds, runCluster, type ClusterResult } from "./cluster/run.js";

const { values } = parseArgs({
  options: {
    place: { type: "string" },
    sessions: { type: "string", default: "300" },
    nodes: { type: "string", default: "3" },
    rounds: { type: "string" },
    random: { type: "string" },
    seed: { type: "string", default: "17" },
    history: { type: "string" },
  },
});
const SHORT_TIMES = { leaseMs: 2_000, renewMs: 600, marginMs: 200 };
const SPEED = 5;

interface Outcome {
  readonly place: string;
  readonly result: ClusterResult;
}

/** Those of one server have no faults of the bus alone. */
function roundsFor(place: string): readonly Round[] {
  const named = values.rounds?.split(",");
  if (named !== undefined) return ROUNDS.filter((round) => named.includes(round));
  const isMixed = place.includes("bus");
  const possible = ROUNDS.filter((round) =>
    isMixed ? !round.startsWith("both") : !/^(bus|store)/.test(round),
  );
  if (values.random === undefined) return possible;
  return randomRounds(possible, Number(values.random), Number(values.seed));
}

async function outcomeOf(place: string, open: (typeof CLUSTER_PLACES)[string]): Promise<Outcome> {
  const result = await runCluster(await open(), {
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    sessions: Number(values.sessions),
    rounds: roundsFor(place),
    log: (line) => console.log(`${place}: ${line}`),
    ...(values.random === undefined ? {} : { times: SHORT_TIMES, speed: SPEED }),
  });
  return { place, result };
}

function quantiles(numbers: readonly number[]): string {
  if (numbers.length === 0) return "-";
  const sorted = [...numbers].sort((one, other) => one - other);
  const at = (share: number): string =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1_000).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}

function print({ place, result }: Outcome): void {
  const { violations, absences, counts, leaving, error } = result;
  console.log(`\n## ${place}\n`);
  console.log(
    "| round | connections lost | moved | back after the fault, p50 / p99 / max s | without a connection, p50 / p99 / max s |",
  );
  console.log("| --- | --: | --: | --: | --: |");
  for (const round of new Set(["", ...ROUNDS])) {
    const own = absences.filter((absence) => absence.round === round);
    if (own.length === 0) continue;
    const cells = [
      round === "" ? "before" : round,
      own.length,
      own.filter(({ moved }) => moved).length,
      quantiles(own.map(({ takeover }) => takeover)),
      quantiles(own.map(({ away }) => away)),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  console.log(`\nprocesses left in ${quantiles(leaving)} s`);
  console.log(
    Object.entries(counts)
      .map(([what, count]) => `${what}: ${count}`)
      .join(", "),
  );
  const broken = RULES.map((rule) => `${rule}: ${violations.filter((one) => one.rule === rule).length}`);
  console.log(`broken promises: ${broken.join(", ")}`);
  for (const { rule, text } of violations.slice(0, 40)) console.log(`FAIL  ${rule}: ${text}`);
  if (error !== undefined) console.log(`FAIL  ${error}`);
}

let failed = 0;
const removePrograms = await compilePrograms(["test/chaos/cluster/*-child.ts"]);
try {
  for (const [place, open] of Object.entries(CLUSTER_PLACES)) {
    if (values.place !== undefined && values.place !== place) continue;
    const outcome = await outcomeOf(place, open);
    print(outcome);
    const { violations, error, entries, counts } = outcome.result;
    if (violations.length > 0 || error !== undefined || counts["sends not done"] !== 0) failed += 1;
    if (values.history !== undefined)
      await writeFile(
        join(values.history, `${place}.jsonl`),
        entries.map((entry) => JSON.stringify(entry)).join("\n"),
      );
  }
} finally {
  await removePrograms();
}
console.log(failed === 0 ? "\nno promise was broken" : `\n${failed} FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
