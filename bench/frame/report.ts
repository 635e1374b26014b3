/** Results of rows as Markdown, and in the file from which docs/performance.md and docs/production.md have their tables. */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { comparisonTable, keptComparisons } from "../against/report.js";
import { circumstances, figure, rounded, tableRow } from "./figures.js";
import type { Goal, Row } from "./row.js";
import type { KeptResult, Result, Verdict } from "./rounds.js";
import { sizingTable } from "./sizing.js";

const RESULTS = new URL("../results.json", import.meta.url);
/** The pages with tables, relative to the repository. */
export const BENCH_PAGES = ["docs/performance.md", "docs/production.md"] as const;

/** One row as two tables: figures and goals. */
export function markdownOf(row: Row, { outcomes, verdicts }: Result): string {
  const measures = Object.entries(row.measures);
  const lines = [
    `**${row.title}**`,
    "",
    tableRow(["", ...measures.map(([, { title, unit }]) => `${title}, ${unit}`)]),
    tableRow(["---", ...measures.map(() => "---:")]),
    ...outcomes.map(({ contestant, medians }) =>
      tableRow([contestant, ...measures.map(([name, { digits }]) => figure(medians[name], digits))]),
    ),
  ];
  if (verdicts.length === 0) return lines.join("\n");
  lines.push("", tableRow(["", "ratio", "goal", ""]), tableRow(["---", "---:", "---:", "---"]));
  for (const verdict of verdicts) {
    const what = `${row.measures[verdict.measure]?.title}: ${verdict.contestant} to ${verdict.to}`;
    lines.push(
      tableRow([what, verdict.ratio.toFixed(2), goalText(row, verdict), verdict.reached ? "" : "missed"]),
    );
  }
  return lines.join("\n");
}

function goalText(row: Row, { measure, most, least, above }: Goal | Verdict): string {
  if (most !== undefined) return `≤ ${most}`;
  if (least !== undefined) return `≥ ${least}`;
  return `+ ≤ ${above} ${row.measures[measure]?.unit}`;
}

/** The results of earlier runs, by row. */
async function keptResults(): Promise<Record<string, KeptResult>> {
  const text = await readFile(RESULTS, "utf8").catch(() => "{}");
  return JSON.parse(text) as Record<string, KeptResult>;
}

/** Keeps a result in the place of the row's last one. */
export async function keep(result: Result): Promise<void> {
  const kept = await keptResults();
  const all = { ...kept, [result.name]: { ...rounded(result), ...circumstances() } };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(RESULTS, await format(JSON.stringify(sorted), { parser: "json", printWidth: 110 }));
}

/** A place in the page: `<!-- bench receive-one -->` … `<!-- end -->`. */
const PLACE = /(<!-- bench ([a-z0-9-]+) -->\n)[^]*?(\n<!-- end -->)/g;

/** The text of the page with the tables of the kept results in their places. */
function withTables(
  page: string,
  rows: readonly Row[],
  kept: Readonly<Record<string, KeptResult>>,
  comparison: string | undefined,
): string {
  return page.replace(PLACE, (place, start: string, name: string, end: string) => {
    const own = name === "sizing" ? sizingTable(kept) : name === "against" ? comparison : undefined;
    if (own !== undefined) return `${start}\n${own}\n${end}`;
    const row = rows.find((one) => one.name === name);
    const result = kept[name];
    if (row === undefined || result === undefined) return place;
    const source = `${result.machine}, ${result.date}, medians of ${result.rounds} rounds in turns.`;
    return `${start}\n${markdownOf(row, result)}\n\n${source}\n${end}`;
  });
}

/** A page as it should be, with the tables of the kept results in their places. */
export async function withKeptTables(page: string, rows: readonly Row[]): Promise<string> {
  const compared = await keptComparisons();
  const comparison = compared.length === 0 ? undefined : comparisonTable(compared);
  const filled = withTables(page, rows, await keptResults(), comparison);
  return format(filled, { parser: "markdown", printWidth: 110 });
}

/** Writes the tables of the kept results into the pages. */
export async function writePages(rows: readonly Row[]): Promise<void> {
  for (const name of BENCH_PAGES) {
    const url = new URL(`../../${name}`, import.meta.url);
    await writeFile(url, await withKeptTables(await readFile(url, "utf8"), rows));
  }
}
