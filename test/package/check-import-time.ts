/**
 * The second half of `npm run check:weight`: how long the processor works for an import of each entry of the build, in imports of express.
 * The ratio of processor time is the same on a slow and on a busy machine. Ends with 1 when one takes longer than it may.
 */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const REFERENCE = "express";
/** Of so many, the quickest counts: what else a machine does only adds. */
const ROUNDS = 15;
const IMPORT_MS = 60_000;

/** The most that an import may take, in imports of the reference: a third more than it took when the limit was set. */
const LIMITS: Readonly<Record<string, number>> = {
  "index.js": 1.9,
  "index.cjs": 1.6,
  "http/index.js": 1.4,
  "client/index.js": 0.15,
  "metrics/index.js": 1,
  "cluster/index.js": 0.65,
  "testing/index.js": 2.7,
};

const run = promisify(execFile);

/** The processor time of one import in a process of its own, in milliseconds. */
async function importMs(specifier: string): Promise<number> {
  const program = `const before = process.cpuUsage();
    await import(${JSON.stringify(specifier)});
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
    process.exit();`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, timeout: IMPORT_MS });
  return Number(stdout);
}

const specifiers = [REFERENCE, ...Object.keys(LIMITS).map((entry) => `./dist/${entry}`)];
const quickest = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++)
  for (const specifier of specifiers)
    quickest.set(specifier, Math.min(quickest.get(specifier) ?? Infinity, await importMs(specifier)));

const reference = quickest.get(REFERENCE) ?? NaN;
let failed = 0;
for (const [entry, limit] of Object.entries(LIMITS)) {
  const ms = quickest.get(`./dist/${entry}`) ?? NaN;
  const ratio = ms / reference;
  // Also false for what is no number.
  const isWell = ratio <= limit;
  if (!isWell) failed += 1;
  console.log(
    `${isWell ? "ok    " : "FAILED"} ${entry.padEnd(18)} ${ms.toFixed(1)} ms: ${ratio.toFixed(2)} of ${limit} imports of ${REFERENCE}`,
  );
}
process.exitCode = failed === 0 ? 0 : 1;
