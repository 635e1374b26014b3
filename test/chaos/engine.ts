/**
 * Every fault switch of the emulator in every part of a session's life, in a process that nobody keeps from dying of an
 * unhandled rejection, printed as a table: `npm run chaos`, `npm run chaos -- --library "Baileys 7"`, `npm run chaos -- --only silence`,
 * `npm run chaos -- --every 5` for every fifth cell. With `--surroundings` instead everything around a session fails (surroundings.ts).
 * Exits with 1 when a session hung or ended otherwise than it should.
 */
import { parseArgs } from "node:util";
import { runChaosCell } from "../support/chaos.js";
import { chaosCells, chaosPhases, type ChaosCell } from "../support/chaos-switches.js";
import { LIBRARIES } from "../support/libraries.js";

interface Outcome {
  readonly cell: ChaosCell;
  readonly ok: boolean;
  /** What the table shows, and what went wrong. */
  readonly short: string;
  readonly long?: string;
}

const { values } = parseArgs({
  options: {
    library: { type: "string", default: "whaileys" },
    only: { type: "string", default: "" },
    every: { type: "string", default: "1" },
    surroundings: { type: "boolean", default: false },
  },
});
const { name, socketFactory } = LIBRARIES.find(({ name: one }) => one === values.library) ?? LIBRARIES[0];

/** Sessions that are broken at the same time. Baileys 7 uploads 800 keys with every link: of ten, some miss their deadlines on two cores. */
const atOnce = name === "whaileys" ? 10 : 3;

async function outcomeOf(cell: ChaosCell): Promise<Outcome> {
  try {
    const { end, aliveMs } = await runChaosCell(cell, socketFactory);
    return { cell, ok: true, short: end === "recovers" ? `back, ${aliveMs} ms` : end };
  } catch (error) {
    return { cell, ok: false, short: "FAIL", long: error instanceof Error ? error.message : String(error) };
  }
}

/** A line per fault, a column per part of the life; several steps of one part stand in lines of their own. */
function table(outcomes: readonly Outcome[]): string {
  const faults = [...new Set(outcomes.map(({ cell }) => cell.fault))];
  const width = Math.max(...faults.map(({ length }) => length));
  const line = (first: string, rest: readonly string[]): string =>
    [first.padEnd(width), ...rest.map((text) => text.padEnd(26))].join("  ").trimEnd();
  const rows = faults.map((fault) =>
    line(
      fault,
      chaosPhases.map((phase) => {
        const here = outcomes.find(({ cell }) => cell.fault === fault && cell.phase === phase);
        return here?.short ?? "-";
      }),
    ),
  );
  return [line(`fault, with ${name}`, chaosPhases), ...rows].join("\n");
}

/** The emulator's faults, a few sessions at a time; returns whether every cell ended as it should. */
async function printEmulatorFaults(): Promise<boolean> {
  const cells = chaosCells
    .filter((_, at) => at % Number(values.every) === 0)
    .filter(({ fault }) => fault.includes(values.only));
  const queue = [...cells];
  const outcomes: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      outcomes.push(await outcomeOf(next));
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: atOnce }, worker));
  console.log(table(outcomes));
  for (const { cell, long } of outcomes)
    if (long !== undefined) console.log(`\n${cell.fault} in ${cell.phase}: ${long}`);
  const failed = outcomes.filter(({ ok }) => !ok).length;
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`\n${outcomes.length - failed} passed, ${failed} failed, 0 unhandled rejections, ${seconds} s`);
  return failed === 0;
}

const asItShould = values.surroundings
  ? await (await import("./surroundings.js")).printSurroundings(name, values.only)
  : await printEmulatorFaults();
process.exitCode = asItShould ? 0 : 1;
