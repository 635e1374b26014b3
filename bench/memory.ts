/** What an open session costs at rest: heap, memory outside of it and RSS, of a bare whaileys socket and of zpwoot, in processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { compilePrograms, nodeArgs } from "../test/support/compiled.js";
import { WhatsAppProcess } from "./whatsapp-process.js";

/** Sessions of each contestant. */
const SESSIONS = Number(process.env["BENCH_SESSIONS"] ?? 300);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);

/** Bytes per session, as a contestant prints them. */
interface Cost {
  readonly heap: number;
  readonly outside: number;
  readonly rss: number;
}

const CONTESTANTS = ["bare whaileys", "zpwoot"] as const;

async function measure(contestant: string, url: string): Promise<Cost> {
  const script = nodeArgs(new URL("memory-contestant.ts", import.meta.url));
  const args = ["--expose-gc", ...script, contestant, url, String(SESSIONS)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let cost: Cost | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => (cost = JSON.parse(line) as Cost));
  await once(child, "close");
  if (cost === undefined) throw new Error(`${contestant} ended without a result`);
  return cost;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Measures both in turns and prints medians. */
export async function benchMemory(): Promise<void> {
  // Compiled as the package is: tsx gives each function its name as a property, which costs 250 bytes a function.
  const remove = await compilePrograms(["bench/memory-contestant.ts", "src/cli/main.ts"]);
  const costs = new Map<string, Cost[]>(CONTESTANTS.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const name of CONTESTANTS) {
      // Each round on a service of its own: its phones are many after a while.
      await using whatsapp = await WhatsAppProcess.start();
      costs.get(name)?.push(await measure(name, whatsapp.url));
    }
  await remove();
  console.log(`an open session at rest, of ${SESSIONS}: kB, medians of ${ROUNDS} rounds in turns`);
  console.log(`  ${"".padEnd(16)}     heap        x  outside        x      RSS        x`);
  const [bare] = CONTESTANTS;
  for (const name of CONTESTANTS) {
    const cells = (["heap", "outside", "rss"] as const).map((what) => {
      const of = (contestant: string): number =>
        median((costs.get(contestant) ?? []).map((cost) => cost[what]));
      return `${(of(name) / 1_000).toFixed(1).padStart(8)} ${(of(name) / of(bare)).toFixed(2).padStart(8)}`;
    });
    console.log(`  ${name.padEnd(16)} ${cells.join(" ")}`);
  }
}
