/** What a request costs: zpwoot's adapter on node:http beside bare node:http (the floor), Fastify, Express and NestJS. */
import autocannon from "autocannon";
import { Program } from "../frame/program.js";
import type { Contestant, Figures, Row, Size } from "../frame/row.js";

const SECONDS = { whole: 2, gate: 1 } as const;
const CONNECTIONS = 32;
/** All of the table; the gate looks at the first two. */
const SERVERS = ["node:http", "zpwoot", "Fastify 5", "Express 5", "NestJS 11"] as const;

/** What is asked. */
interface Ask {
  /** How many times the processor time of bare node:http it should take at most. */
  readonly most: number;
  /** Whether the gate looks at it. */
  readonly gate: boolean;
  readonly method: "GET" | "POST";
  readonly path: (id: string) => string;
  readonly body?: string;
  /**
   * Requests a second while the processor is measured, the same for all and below what any of them can do. Flat out, a slow server's every
   * answer wakes a client that waits, and a fast one's none: its system calls would look three times as dear.
   */
  readonly perSecond: number;
}

/** Where a server is. */
interface Address {
  readonly port: number;
  readonly id: string;
  readonly key: string;
}

/** Asks for a while: so many times a second, or as often as the server answers. */
async function load(
  { port, id, key }: Address,
  { method, path, body }: Ask,
  size: Size,
  perSecond?: number,
): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${path(id)}`,
    method,
    connections: CONNECTIONS,
    duration: SECONDS[size],
    headers: { "x-api-key": key, "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
  });
  const { non2xx, errors } = result;
  if (non2xx > 0 || errors > 0) throw new Error(`${method}: ${non2xx} refused, ${errors} failed`);
  return result;
}

async function measure(server: Program, ask: Ask, size: Size): Promise<Figures> {
  const address = await server.call<Address>("address");
  await server.call("begin");
  const { requests } = await load(address, ask, size, ask.perSecond);
  const cpu = ((await server.call<number>("cpuMs")) * 1_000) / requests.total;
  if (size === "gate") return { cpu };
  const flatOut = await load(address, ask, size);
  return { cpu, rate: flatOut.requests.average, p99: flatOut.latency.p99 };
}

function contestant(name: string, ask: Ask, size: Size): Contestant {
  const server = new Program("http", [name]);
  return {
    name,
    measure: () => measure(server, ask, size),
    close: () => server[Symbol.asyncDispose](),
  };
}

function row(name: string, title: string, ask: Ask): Row {
  const { most, gate } = ask;
  return {
    name,
    title: `${title}, ${CONNECTIONS} connections`,
    measures: {
      cpu: {
        title: `CPU per request, at ${ask.perSecond.toLocaleString("en")} a second`,
        unit: "µs",
        digits: 1,
      },
      rate: { title: "requests/s", unit: "of the clock", digits: 0 },
      p99: { title: "p99", unit: "ms", digits: 0 },
    },
    goals: [{ measure: "cpu", contestant: "zpwoot", to: "node:http", most, gate }],
    open: async (size) =>
      SERVERS.slice(0, size === "whole" ? undefined : 2).map((server) => contestant(server, ask, size)),
  };
}

export const httpStatus: Row = row("http-status", "GET status", {
  most: 1.2,
  gate: true,
  method: "GET",
  path: (id) => `/sessions/${id}/status`,
  perSecond: 2_000,
});

export const httpList: Row = row("http-list", "GET list of 1,000", {
  most: 1.05,
  gate: true,
  method: "GET",
  path: () => "/sessions/list",
  perSecond: 100,
});

export const httpCreate: Row = row("http-create", "POST create", {
  most: 3,
  gate: false,
  method: "POST",
  path: () => "/sessions/create",
  body: '{"name":"made by the bench"}',
  perSecond: 1_500,
});
