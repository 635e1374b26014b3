/**
 * `npm run chaos:stores -- [--rounds 20] [--seed N] [--only kill|outage]`: kills a process that runs a session at random
 * moments of all it does, and takes the store away from running sessions, on every store; prints what came of it. Exits with 1
 * when anything was lost.
 */
import { parseArgs } from "node:util";
import { KILL_SCENARIOS, killCell, type KillPlace } from "../support/kill-matrix.js";
import { OUTAGE_MODES, OUTAGE_PHASES, outageCase, type OutagePlace } from "../support/outage-matrix.js";
import { lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
let failed = 0;

const STORES: Readonly<Record<string, () => Promise<KillPlace>>> = {
  "lmdb:": lmdbFolder,
  Postgres: async () => postgresTable(),
  Redis: redisNamespace,
};

const SERVERS: Readonly<Record<string, () => Promise<OutagePlace>>> = {
  Postgres: async () => ({ ...postgresTable(), defaultPort: 5_432 }),
  Redis: async () => ({ ...(await redisNamespace()), defaultPort: 6_379 }),
};

const median = (numbers: readonly number[]): string =>
  numbers.length === 0
    ? "-"
    : `${Math.round([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0)} ms`;

function fail(error: unknown): string {
  failed += 1;
  return `FAIL ${error instanceof Error ? error.message : String(error)}`;
}

async function killMatrix(): Promise<void> {
  console.log(`kill -9 at ${rounds} random moments each, seed ${seed}; then the process is started again`);
  const ofStore = async ([store, newPlace]: [string, () => Promise<KillPlace>]): Promise<void> => {
    for (const scenario of KILL_SCENARIOS) {
      const outcome = await killCell(scenario, newPlace, { rounds, seed }).then(
        ({ recoveredMs, note }) => `ok    connected again after ${median(recoveredMs).padEnd(8)} ${note}`,
        fail,
      );
      console.log(`${store.padEnd(9)} ${scenario.padEnd(12)} ${outcome}`);
    }
  };
  await Promise.all(Object.entries(STORES).map(ofStore));
}

async function outageMatrix(): Promise<void> {
  console.log("\nthe store away for 1 s and for 60 s, refusing or silent; then it is back");
  const cases = Object.entries(SERVERS).flatMap(([store, newPlace]) =>
    OUTAGE_PHASES.flatMap((phase) =>
      OUTAGE_MODES.flatMap((mode) => [1, 60].map((seconds) => ({ store, newPlace, phase, mode, seconds }))),
    ),
  );
  const lines = await Promise.all(
    cases.map(async ({ store, newPlace, ...one }) => {
      const outcome = await outageCase(one, await newPlace()).then(
        ({ recoveredMs, kept, answered }) =>
          `ok    back after ${median([recoveredMs]).padEnd(8)} ${kept ? "socket kept" : "socket made anew"}; create: ${answered}`,
        fail,
      );
      const { phase, mode, seconds } = one;
      return `${store.padEnd(9)} ${phase.padEnd(11)} ${mode.padEnd(7)} ${String(seconds).padStart(2)} s  ${outcome}`;
    }),
  );
  for (const line of lines) console.log(line);
}

if (values.only !== "outage") await killMatrix();
if (values.only !== "kill") await outageMatrix();
console.log(failed === 0 ? "\nnothing was lost" : `\n${failed} FAILED`);
process.exitCode = failed === 0 ? 0 : 1;
