/**
 * `npm run bench`: all rows; `npm run bench -- <row> …`: these; both write the tables of docs/performance.md with `--keep`. `npm run bench -- gate`: whether a ratio became worse.
 * `npm run bench -- cluster`: those whose names begin with it. `npm run bench -- against FOLDER`: how another checkout compares with this one.
 * `npm run bench -- stores`: the table of docs/benchmarks.md. `npm run bench -- emulator`: what the emulator costs.
 */
import { compilePrograms } from "../test/support/compiled.js";
import { benchAgainst } from "./against/command.js";
import { runGate } from "./frame/gate.js";
import { keep, markdownOf, writePages } from "./frame/report.js";
import { runRow, type Result } from "./frame/rounds.js";
import { ROWS } from "./rows/index.js";
import { benchEmulator } from "./emulator.js";
import { benchStores } from "./stores.js";

const STORES = "stores";
const EMULATOR = "emulator";
const AGAINST = "against";
/** Stands for all rows that begin with it. */
const CLUSTER = "cluster";

const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith("--"));
const names = words.filter((word) => !word.startsWith("--"));

/** Runs rows and prints them as Markdown, or as JSON with `--json`. */
async function runRows(chosen: readonly string[]): Promise<void> {
  const results: Result[] = [];
  const isChosen = (name: string): boolean =>
    chosen.includes(name) || (chosen.includes(CLUSTER) && name.startsWith(`${CLUSTER}-`));
  for (const row of ROWS.filter(({ name }) => chosen.length === 0 || isChosen(name))) {
    const result = await runRow(row, flags.includes("--short") ? "gate" : "whole");
    results.push(result);
    if (!flags.includes("--json")) console.log(`${markdownOf(row, result)}\n`);
    if (flags.includes("--keep")) await keep(result);
  }
  if (flags.includes("--json")) console.log(JSON.stringify(results, undefined, 2));
}

async function main(): Promise<void> {
  if (words[0] === AGAINST) return benchAgainst(words.slice(1));
  const known = [...ROWS.map(({ name }) => name), CLUSTER, STORES, EMULATOR, AGAINST, "gate", "page"];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(", ")}. There are: ${known.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  if (names[0] === STORES) return benchStores();
  if (names[0] === "page") return writePages(ROWS);
  // Compiled as the package is: tsx gives each function its name as a property, which costs memory and time.
  const remove = await compilePrograms(["bench/programs/*.ts", "src/cli/main.ts"]);
  try {
    if (names[0] === EMULATOR) await benchEmulator();
    else if (names[0] !== "gate") await runRows(names);
    else if (!(await runGate(ROWS, { write: flags.includes("--keep") }))) process.exitCode = 1;
  } finally {
    await remove();
  }
  if (flags.includes("--keep") && names[0] !== "gate") await writePages(ROWS);
}

await main();
