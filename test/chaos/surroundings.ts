/**
 * Every fault around a session in every part of its life, in an engine process that nobody keeps from dying, printed as a table:
 * `npm run chaos -- --surroundings`. Each cell shows the median of the answers to sessions that nothing is done to, and the longest action.
 */
import compilePrograms from "../support/compiled.js";
import { FAULTS } from "./surroundings/faults.js";
import {
  runSurroundings,
  surroundingsFailures,
  surroundingsTable,
  type RowOutcome,
} from "./surroundings/table.js";

/** Prints the rows whose names contain `only`; returns whether every cell is as it should be. */
export async function printSurroundings(library: string, only: string): Promise<boolean> {
  const begun = performance.now();
  const faults = FAULTS.filter(({ name }) => name.includes(only));
  const onRow = ({ fault, cells }: RowOutcome): void => {
    const failed = cells.filter(({ wrong }) => wrong.length > 0).length;
    const seconds = Math.round((performance.now() - begun) / 1_000);
    console.error(`${String(seconds).padStart(4)} s  ${failed === 0 ? "ok  " : "FAIL"}  ${fault.name}`);
  };
  // Through tsx the process would have another one beside it, with the same output, which makes that output one that waits.
  const remove = await compilePrograms();
  const outcomes = await runSurroundings({ library, faults, onRow }).finally(remove);
  console.log(surroundingsTable(library, outcomes));
  const failures = surroundingsFailures(outcomes);
  for (const failure of failures) console.log(`\n${failure}`);
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const cells = outcomes.reduce((sum, row) => sum + row.cells.length, 0);
  console.log(`\n${cells} cells, ${failures.length} failures, ${seconds} s`);
  return failures.length === 0;
}
