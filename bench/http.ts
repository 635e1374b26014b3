/**
 * Requests per second and p99 of the adapter beside bare node:http (the floor), Fastify, Express and NestJS with the same contract
 * and data in memory. Each server is a process; autocannon asks from this one. All take turns in one run.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { BENCH_KEY } from "./http-servers.js";

const SERVERS = ["node:http", "zpwoot", "Fastify 5", "Express 5", "NestJS 11"] as const;
const ROUNDS = 5;
const SECONDS = 2;
const CONNECTIONS = 32;

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly id: string;
}

const CASES = [
  { title: "GET status", method: "GET", path: (id: string) => `/sessions/${id}/status` },
  { title: "GET list of 1,000", method: "GET", path: () => "/sessions/list" },
  {
    title: "POST create",
    method: "POST",
    path: () => "/sessions/create",
    body: '{"name":"made by the bench"}',
  },
] as const;

async function start(name: string): Promise<Running> {
  const child = fork(fileURLToPath(new URL("http-servers.ts", import.meta.url)), [name]);
  const [{ port, id }] = (await once(child, "message")) as [{ port: number; id: string }];
  return { name, child, port, id };
}

async function measure(
  { port, id }: Running,
  one: (typeof CASES)[number],
): Promise<{ rate: number; p99: number }> {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${one.path(id)}`,
    method: one.method,
    connections: CONNECTIONS,
    duration: SECONDS,
    headers: { "x-api-key": BENCH_KEY, "content-type": "application/json" },
    ...("body" in one ? { body: one.body } : {}),
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${one.title}: ${result.non2xx} refused`);
  return { rate: result.requests.average, p99: result.latency.p99 };
}

/** Runs and prints a table for each case. */
export async function benchHttp(): Promise<void> {
  const servers: Running[] = [];
  for (const name of SERVERS) servers.push(await start(name));
  for (const one of CASES) {
    const rates = servers.map((): number[] => []);
    const tails = servers.map((): number[] => []);
    // The first round warms up and does not count.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, server] of servers.entries()) {
        const { rate, p99 } = await measure(server, one);
        if (round === 0) continue;
        rates[index]?.push(rate);
        tails[index]?.push(p99);
      }
    }
    const floor = median(rates[0] ?? []);
    console.log(
      `${one.title}, ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${SECONDS} s in turn`,
    );
    for (const [index, { name }] of servers.entries()) {
      const rate = median(rates[index] ?? []);
      const share = `${Math.round((100 * rate) / floor)} % of node:http`;
      const tail = `p99 ${median(tails[index] ?? [])} ms`;
      console.log(
        `${name.padEnd(12)} ${rate.toFixed(0).padStart(7)} requests/s  ${share.padEnd(20)} ${tail}`,
      );
    }
  }
  for (const { child } of servers) child.kill();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
