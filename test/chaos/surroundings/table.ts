/** All rows with one library, each with the same engine process as the rows before it while that lives, and their table. */
import type { EngineProcess, Output } from "./engine-process.js";
import { CONTROL, type Fault } from "./faults.js";
import { PHASES, runRow, type Cell, type Phase, type RowBounds } from "./row.js";
import { World } from "./world.js";

/** A row with its cells. */
export interface RowOutcome {
  readonly fault: Fault;
  readonly cells: readonly Cell[];
}

/** How thoroughly. */
export interface SurroundingsOptions {
  readonly library: string;
  readonly faults: readonly Fault[];
  /** Sessions of a manager of their own that are asked all the time. */
  readonly neighbours?: number;
  /** Answers in each cell, at least. */
  readonly pings?: number;
  /** Medians below this are noise of the machine, in milliseconds. */
  readonly noiseMs?: number;
  /** Called when a row is done. */
  readonly onRow?: (outcome: RowOutcome) => void;
}

/** Runs the rows one after the other, after one without a fault. */
export async function runSurroundings(options: SurroundingsOptions): Promise<RowOutcome[]> {
  const { library, faults, neighbours = 3, pings = 30, noiseMs = 15 } = options;
  await using world = await World.open();
  let engine: EngineProcess | undefined;
  let present: Output = "read";
  const fresh = async (output: Output): Promise<EngineProcess> => {
    await engine?.[Symbol.asyncDispose]();
    present = output;
    engine = await world.engine(library, output);
    await engine.call("neighbours", neighbours);
    return engine;
  };
  const control = new Map<Phase, number>();
  const bounds: RowBounds = { pings, control, noiseMs };
  const outcomes: RowOutcome[] = [];
  try {
    for (const fault of [CONTROL, ...faults]) {
      const output = fault.output ?? "read";
      const usable = engine?.running === true && present === output ? engine : await fresh(output);
      const cells = await runRow({ world, engine: usable }, fault, bounds);
      outcomes.push({ fault, cells });
      options.onRow?.(outcomes.at(-1) as RowOutcome);
      if (fault === CONTROL)
        for (const { phase, pings: own } of cells) control.set(phase, own?.medianMs ?? 0);
      // What a row that failed left running is no fault of the next.
      if (cells.some(({ wrong }) => wrong.length > 0)) await engine?.[Symbol.asyncDispose]();
    }
  } finally {
    await engine?.[Symbol.asyncDispose]();
  }
  return outcomes;
}

/** A line per fault, a column per phase: the median of the neighbours, and the longest action. */
export function surroundingsTable(library: string, outcomes: readonly RowOutcome[]): string {
  const width = Math.max(...outcomes.map(({ fault }) => fault.name.length), 24);
  const line = (first: string, rest: readonly string[]): string =>
    [first.padEnd(width), ...rest.map((text) => text.padEnd(22))].join("  ").trimEnd();
  return [
    line(`around ${library}`, PHASES),
    ...outcomes.map(({ fault, cells }) =>
      line(
        fault.name,
        PHASES.map((phase) => shown(cells.find((cell) => cell.phase === phase))),
      ),
    ),
  ].join("\n");
}

function shown(cell: Cell | undefined): string {
  if (cell === undefined) return "-";
  const longest = Math.max(0, ...cell.ended.map(({ ms }) => ms));
  const figures = `${cell.pings?.medianMs.toFixed(1) ?? "?"} ms, ${(longest / 1_000).toFixed(1)} s`;
  return cell.wrong.length > 0 ? `FAIL ${figures}` : figures;
}

/** What went wrong, a paragraph each. */
export function surroundingsFailures(outcomes: readonly RowOutcome[]): string[] {
  return outcomes.flatMap(({ fault, cells }) =>
    cells.flatMap(({ phase, wrong }) => wrong.map((what) => `${fault.name}, ${phase}: ${what}`)),
  );
}
