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
  readonly method: "GET" | "POST";
  readonly path: (id: string) => string;
  readonly body?: string;
}

/** Where a server is. */
interface Address {
  readonly port: number;
  readonly id: string;
  readonly key: string;
}

async function measure(server: Program, { method, path, body }: Ask, size: Size): Promise<Figures> {
  const { port, id, key } = await server.call<Address>("address");
  await server.call("begin");
  const { requests, latency, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${port}${path(id)}`,
    method,
    connections: CONNECTIONS,
    duration: SECONDS[size],
    headers: { "x-api-key": key, "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
  const cpuMs = await server.call<number>("cpuMs");
  if (non2xx > 0 || errors > 0) throw new Error(`${method}: ${non2xx} refused, ${errors} failed`);
  return { cpu: (cpuMs * 1_000) / requests.total, rate: requests.average, p99: latency.p99 };
}

function contestant(name: string, ask: Ask, size: Size): Contestant {
  const server = new Program("http", [name]);
  return {
    name,
    measure: () => measure(server, ask, size),
    close: () => server[Symbol.asyncDispose](),
  };
}

function row(name: string, title: string, most: number, ask: Ask): Row {
  return {
    name,
    title: `${title}, ${CONNECTIONS} connections`,
    measures: {
      cpu: { title: "CPU per request", unit: "µs", digits: 1 },
      rate: { title: "requests/s", unit: "of the clock", digits: 0 },
      p99: { title: "p99", unit: "ms", digits: 0 },
    },
    goals: [{ measure: "cpu", contestant: "zpwoot", to: "node:http", most }],
    open: async (size) =>
      SERVERS.slice(0, size === "whole" ? undefined : 2).map((server) => contestant(server, ask, size)),
  };
}

export const httpStatus: Row = row("http-status", "GET status", 1.2, {
  method: "GET",
  path: (id) => `/sessions/${id}/status`,
});

export const httpList: Row = row("http-list", "GET list of 1,000", 1.05, {
  method: "GET",
  path: () => "/sessions/list",
});

export const httpCreate: Row = row("http-create", "POST create", 3, {
  method: "POST",
  path: () => "/sessions/create",
  body: '{"name":"made by the bench"}',
});
