/**
 * `npm run chaos:owners -- [--store lmdb|Postgres|Redis] [--rounds 12] [--seed 14] [--only rounds|deploy]`: two and three processes on one store,
 * one of which runs the sessions: handed over, killed, frozen for longer than its lease, cut off its store by a network that delivers
 * late, all under messages, webhooks, commands and API keys. A checker reads what was seen from outside. Exits with 1 when a promise
 * was broken; `--history FOLDER` keeps what was seen, a JSON line each.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import compilePrograms from "../support/compiled.js";
import { RULES } from "./owners/checker.js";
import { rollingDeploy } from "./owners/deploy.js";
import { OWNERS_PLACES, type OwnersPlace } from "./owners/raw-store.js";
import { ROUNDS, runOwners, type RunResult } from "./owners/run.js";

const { values } = parseArgs({
  options: {
    store: { type: "string" },
    rounds: { type: "string", default: "12" },
    seed: { type: "string", default: "14" },
    only: { type: "string" },
    history: { type: "string" },
  },
});
const places = Object.entries(OWNERS_PLACES).filter(([name]) => [undefined, name].includes(values.store));
const DEPLOY = { sessions: 5, rolls: 2 };
let failed = 0;

interface Outcome {
  readonly store: string;
  readonly result: RunResult;
}

async function outcomeOf([store, open]: [string, () => Promise<OwnersPlace>]): Promise<Outcome> {
  const size = { seed: Number(values.seed), rounds: Number(values.rounds) };
  return { store, result: await runOwners(await open(), size) };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

function gapsOf(numbers: readonly number[] | undefined): string {
  if (numbers === undefined || numbers.length === 0) return "-";
  return `${Math.round(median(numbers))} / ${Math.round(Math.max(...numbers))}`;
}

function printTable(outcomes: readonly Outcome[]): void {
  const line = (first: string, rest: readonly (string | number)[]): void =>
    console.log([first.padEnd(24), ...rest.map((cell) => String(cell).padStart(15))].join(""));
  line(
    "broken promises",
    outcomes.map(({ store }) => store),
  );
  for (const rule of RULES)
    line(
      `  ${rule}`,
      outcomes.map(({ result }) => result.violations.filter((one) => one.rule === rule).length),
    );
  line("what happened", []);
  const names = Object.keys(outcomes[0]?.result.counts ?? {});
  for (const name of names)
    line(
      `  ${name}`,
      outcomes.map(({ result }) => result.counts[name] ?? "-"),
    );
  line("away, median / most ms", []);
  for (const round of ROUNDS)
    line(
      `  ${round}`,
      outcomes.map(({ result }) => gapsOf(result.gaps[round])),
    );
}

async function rounds(): Promise<void> {
  console.log(`${values.rounds} rounds on each store at once, seed ${values.seed}`);
  const outcomes = await Promise.all(places.map(outcomeOf));
  printTable(outcomes);
  for (const { store, result } of outcomes) {
    const { violations, error, entries } = result;
    if (values.history !== undefined)
      await writeFile(
        join(values.history, `${store}.jsonl`),
        entries.map((entry) => JSON.stringify(entry)).join("\n"),
      );
    for (const { rule, text } of violations) console.log(`FAIL  ${store}, ${rule}: ${text}`);
    if (error !== undefined) console.log(`FAIL  ${store}, ${error}`);
    if (error !== undefined || violations.length > 0) failed += 1;
  }
}

/** One store after another: what is measured is time. */
async function deploys(): Promise<void> {
  console.log(`\na rolling deploy of \`serve --wait\`, ${DEPLOY.sessions} sessions, ${DEPLOY.rolls} times`);
  for (const [store, open] of places) {
    const place = await open();
    try {
      const { sent, lost, gaps, exitCodes, problems } = await rollingDeploy(place.url, DEPLOY);
      const isWrong = lost.length + problems.length > 0 || exitCodes.some((code) => code !== 0);
      if (isWrong) failed += 1;
      console.log(
        `${isWrong ? "FAIL" : "ok  "}  ${store.padEnd(9)} ${lost.length} of ${sent} texts lost; without a connection, median / most: ${gapsOf(gaps)} ms`,
      );
      for (const line of [...lost, ...problems]) console.log(`      ${line}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${store}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await place.dispose();
    }
  }
}

const begun = performance.now();
const removePrograms = await compilePrograms();
try {
  if (values.only !== "deploy") await rounds();
  if (values.only !== "rounds") await deploys();
} finally {
  await removePrograms();
}
console.log(
  `\n${failed === 0 ? "no promise was broken" : `${failed} FAILED`}, ${Math.round((performance.now() - begun) / 1000)} s`,
);
process.exitCode = failed === 0 ? 0 : 1;
