/**
 * `npm run bench -- gate`: whether a ratio became worse than the one in `bench/gate.json` by more than a quarter. Only ratios, and of
 * processor time: those hold on a busy machine too.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import type { Goal, Row } from "./row.js";
import { runRow, type Verdict } from "./rounds.js";

const COMMITTED = new URL("../gate.json", import.meta.url);
const TOLERANCE = 1.25;

/** What {@link runGate} does. */
interface GateOptions {
  /** Whether what is measured is committed. */
  readonly write: boolean;
  /** Where the committed ratios are. Default `bench/gate.json`. */
  readonly file?: URL;
}

/** By what is compared. */
type Ratios = Record<string, number>;

const held = ({ gate, least }: Goal): boolean => gate ?? least === undefined;

const nameOf = (row: Row, { measure, contestant, to }: Goal): string =>
  `${row.name}, ${measure}: ${contestant} to ${to}`;

/** Measures the rows and compares; with `write`, commits what was measured instead. Settles with whether all hold. */
export async function runGate(
  rows: readonly Row[],
  { write, file = COMMITTED }: GateOptions,
): Promise<boolean> {
  const committed = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Ratios;
  const measured: Ratios = {};
  let failed = 0;
  for (const row of rows.filter(({ goals }) => goals.some(held))) {
    let worse = await measureRow(row, committed, measured);
    // A second look: what a busy machine did to the first is not likely to come again.
    if (worse > 0 && !write) worse = await measureRow(row, committed, measured);
    failed += worse;
  }
  if (!write) return failed === 0;
  const kept = Object.entries({ ...committed, ...measured }).map(([name, ratio]) => [
    name,
    Number(ratio.toFixed(3)),
  ]);
  await writeFile(file, await format(JSON.stringify(Object.fromEntries(kept)), { parser: "json" }));
  return true;
}

/** Settles with how many ratios are worse. */
async function measureRow(row: Row, committed: Ratios, measured: Ratios): Promise<number> {
  const { verdicts } = await runRow(row, "gate");
  let worse = 0;
  for (const verdict of verdicts.filter(held)) {
    const name = nameOf(row, verdict);
    const limit = (committed[name] ?? Infinity) * TOLERANCE;
    measured[name] = verdict.ratio;
    const holds = verdict.ratio <= limit;
    if (!holds) worse += 1;
    console.log(lineOf(name, verdict, limit, holds));
  }
  return worse;
}

function lineOf(name: string, { ratio }: Verdict, limit: number, holds: boolean): string {
  const word = holds ? "holds" : "WORSE";
  const most = Number.isFinite(limit) ? `at most ${limit.toFixed(3)}` : "nothing committed";
  return `${word}  ${ratio.toFixed(3).padStart(7)}  ${most.padEnd(18)} ${name}`;
}
