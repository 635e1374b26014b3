/** What came of a comparison of two checkouts as a table, and in the file from which docs/performance.md has it. */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { circumstances, figure, rounded, tableRow } from "../frame/figures.js";
import type { KeptResult, Result, Verdict } from "../frame/rounds.js";
import { AFTER, BEFORE, rowsAgainst, type Folders } from "./rows.js";

const RESULTS = new URL("../against.json", import.meta.url);

/** The commits of two checkouts. */
export type Commits = Folders;

/** A row that has run, and with what. */
export interface Comparison extends KeptResult {
  readonly title: string;
  readonly commits: Commits;
}

/** A result with what it is a result of. */
export function comparison(title: string, result: Result, commits: Commits): Comparison {
  return { ...rounded(result), title, commits, ...circumstances() };
}

const HEAD = ["", BEFORE, AFTER, "ratio (of the rounds)", "goal", "", BEFORE, AFTER, "ratio (of the rounds)"];

/** A line a row, and where the figures come from. */
export function comparisonTable(results: readonly Comparison[]): string {
  const titles = HEAD.map((title, n) =>
    n === 1 ? `messages/s, ${title}` : n === 6 ? `CPU, ms, ${title}` : title,
  );
  const sources = results.map(
    ({ commits, machine, date, rounds }) =>
      `\`before\` is commit ${commits.before}, \`after\` ${commits.after}. ${machine}, ${date}, medians of ${rounds} rounds in turns.`,
  );
  return [
    tableRow(titles),
    tableRow(titles.map((_, n) => (n === 0 || n === 5 ? "---" : "---:"))),
    ...results.map(comparisonLine),
    "",
    ...new Set(sources),
  ].join("\n");
}

function comparisonLine({ title, outcomes, verdicts }: Comparison): string {
  const of = (name: string, measure: string, digits: number): string =>
    figure(outcomes.find(({ contestant }) => contestant === name)?.medians[measure], digits);
  const rate = verdicts.find(({ measure }) => measure === "rate");
  const cpu = verdicts.find(({ measure }) => measure === "cpu");
  return tableRow([
    ...[title, of(BEFORE, "rate", 0), of(AFTER, "rate", 0), ratioText(rate)],
    ...[rate?.least === undefined ? "–" : `≥ ${rate.least}`, rate?.reached === false ? "missed" : ""],
    ...[of(BEFORE, "cpu", 3), of(AFTER, "cpu", 3), ratioText(cpu)],
  ]);
}

function ratioText(verdict: Verdict | undefined): string {
  if (verdict === undefined) return "–";
  const { ratio, lowest, highest } = verdict;
  return `${figure(ratio)} (${figure(lowest)}–${figure(highest)})`;
}

/** The results of earlier runs, in the order of the rows. */
export async function keptComparisons(): Promise<readonly Comparison[]> {
  const text = await readFile(RESULTS, "utf8").catch(() => "[]");
  return JSON.parse(text) as readonly Comparison[];
}

/** Keeps results in the places of the rows' last ones. */
export async function keepComparisons(results: readonly Comparison[]): Promise<void> {
  const kept = [...(await keptComparisons()), ...results];
  const byName = new Map(kept.map((one) => [one.name, one]));
  const all = rowsAgainst({ before: "", after: "" }).flatMap(({ name }) => byName.get(name) ?? []);
  await writeFile(RESULTS, await format(JSON.stringify(all), { parser: "json", printWidth: 110 }));
}
