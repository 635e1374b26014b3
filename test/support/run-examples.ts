/**
 * `npm run examples`: runs every example to its end, one after the other, with Postgres and Redis that are there or are started for them.
 * Ends with 1 when one fails or takes more than a minute.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import startMissingServers from "./servers.js";

const ROOT = join(import.meta.dirname, "../..");
const EXAMPLE_MS = 60_000;

/** Runs one, with its output on ours. Settles with whether it ended well. */
async function run(example: string): Promise<boolean> {
  console.log(`-- examples/${example}`);
  const args = ["--import", "tsx", join("examples", example)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", timeout: EXAMPLE_MS });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (code !== 0) console.error(`-- examples/${example} ended with ${signal ?? code}`);
  return code === 0;
}

const wanted = process.argv.slice(2);
const examples = (await readdir(join(ROOT, "examples"))).filter((file) => file.endsWith(".ts")).sort();
const stop = await startMissingServers();
const failed: string[] = [];
for (const example of examples)
  if ((wanted.length === 0 || wanted.includes(example)) && !(await run(example))) failed.push(example);
await stop();
console.log(failed.length === 0 ? "-- all examples ran" : `-- failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
