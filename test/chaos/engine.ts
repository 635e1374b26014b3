/**
 * Breaks the connection in every way at every step, all at once, in a process that nobody keeps from dying of an
 * unhandled rejection, and prints a table: `npx tsx test/chaos/engine.ts`. Exits with 1 when a session hung.
 */
import { chaosCases, runChaosCase, type ChaosCase } from "../support/chaos.js";

/** Sessions that are broken at the same time. */
const AT_ONCE = 8;

interface Row extends ChaosCase {
  readonly outcome: string;
  readonly ok: boolean;
}

async function row(one: ChaosCase): Promise<Row> {
  try {
    const { noticedMs, recoveredMs } = await runChaosCase(one);
    return { ...one, ok: true, outcome: `noticed after ${noticedMs} ms, back after ${recoveredMs} ms` };
  } catch (error) {
    return { ...one, ok: false, outcome: error instanceof Error ? error.message : String(error) };
  }
}

const queue = [...chaosCases];
const rows: Row[] = [];
const worker = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) rows.push(await row(next));
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));

for (const one of chaosCases) {
  const { outcome = "did not run", ok = false } =
    rows.find(({ at, action }) => at === one.at && action === one.action) ?? {};
  console.log(`${ok ? "ok  " : "FAIL"}  ${one.action.padEnd(8)} at ${one.at.padEnd(14)} ${outcome}`);
}
const failed = chaosCases.length - rows.filter(({ ok }) => ok).length;
console.log(`${chaosCases.length - failed} passed, ${failed} failed, 0 unhandled rejections`);
process.exitCode = failed === 0 ? 0 : 1;
