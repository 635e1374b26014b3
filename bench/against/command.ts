/**
 * `npm run bench -- against FOLDER [row …]`: how the checkout in a folder, an older one for instance, compares with this one. Both are built
 * (`npm ci && npm run build`), and run in turns, round by round, each in a process of its own; the emulator is this one's, in another.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { compilePrograms } from "../../test/support/compiled.js";
import { writePages } from "../frame/report.js";
import { runRow } from "../frame/rounds.js";
import type { Row } from "../frame/row.js";
import { ROWS } from "../rows/index.js";
import { comparison, comparisonTable, keepComparisons, type Comparison } from "./report.js";
import { rowsAgainst } from "./rows.js";

const ROOT = join(import.meta.dirname, "../..");

/** What the command takes; a row may be named by its beginning. */
const OPTIONS = {
  /** The newer checkout. Default: this one. */
  newer: { type: "string", default: ROOT },
  short: { type: "boolean" },
  json: { type: "boolean" },
  keep: { type: "boolean" },
} as const;

/** Runs the comparison and prints it as Markdown, or with `--json` as JSON; `--keep` keeps it for docs/performance.md. */
export async function benchAgainst(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  const [folder, ...names] = positionals;
  const folders = { before: resolve(folder ?? ""), after: resolve(values.newer) };
  const all = rowsAgainst(folders);
  const chosen = all.filter(({ name }) => names.length === 0 || names.some((start) => isNamed(name, start)));
  const problem = problemOf(folder, Object.values(folders), chosen);
  if (problem !== undefined) {
    console.error(`${problem}\nThe rows: ${all.map(({ name }) => name).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const commits = { before: await commitOf(folders.before), after: await commitOf(folders.after) };
  const results: Comparison[] = [];
  const remove = await compilePrograms(["bench/programs/*.ts"]);
  try {
    for (const row of chosen) {
      const result = await runRow(row, values.short === true ? "gate" : "whole");
      results.push(comparison(row.title, result, commits));
      // What is measured is seen, and kept, also if a later row fails.
      if (values.keep === true) await keepComparisons(results);
      if (values.json !== true) console.error(comparisonTable(results.slice(-1)));
    }
  } finally {
    await remove();
  }
  console.log(values.json === true ? JSON.stringify(results, undefined, 2) : comparisonTable(results));
  if (values.keep === true) await writePages(ROWS);
}

/** Whether it begins with these words of a name. */
const isNamed = (name: string, start: string): boolean => `${name}-`.startsWith(`${start}-`);

function problemOf(
  folder: string | undefined,
  folders: readonly string[],
  chosen: readonly Row[],
): string | undefined {
  if (folder === undefined) return "Name the folder of the other checkout: npm run bench -- against FOLDER";
  const unbuilt = folders.find((one) => !existsSync(join(one, "dist/index.js")));
  if (unbuilt !== undefined) return `${unbuilt} is not built: run npm ci && npm run build there`;
  return chosen.length === 0 ? "No row has such a name" : undefined;
}

/** The commit of a checkout; for a folder without git, the version of its package. */
async function commitOf(folder: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", folder, "rev-parse", "--short=7", "HEAD"]);
    return stdout.trim();
  } catch {
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      version: string;
    };
    return version;
  }
}
