/** Every kind of server the adapter is mounted on in tests, behind one way to send it requests. */
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import "reflect-metadata";
import { getRequestListener } from "@hono/node-server";
import { bodyParser } from "@koa/bodyparser";
import { Module, type MiddlewareConsumer, type NestModule } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import express from "express";
// @ts-expect-error: the types are those of Express 5.
import expressFour from "express-4";
import Fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import koaMount from "koa-mount";
import type { HttpHandler } from "../../src/http/index.js";

/** One request as it goes over the wire; nothing is added but the length of the body. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** The client leaves when it has read so many bytes of the answer's body. */
  readonly leaveAfter?: number;
}

/** One answer as it came. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The same, as it is. */
  readonly bytes: Buffer;
}

/** A server that runs. */
export interface RunningServer {
  send(request: WireRequest): Promise<WireAnswer>;
  close(): Promise<void>;
}

/** A kind of server: how a handler is mounted on it. */
export interface ServerKind {
  readonly name: string;
  listen(handler: HttpHandler): Promise<RunningServer>;
}

function contentOf(chunks: readonly Uint8Array[]): Pick<WireAnswer, "bytes" | "text"> {
  const bytes = Buffer.concat(chunks);
  return { bytes, text: bytes.toString() };
}

/** Sends one request over a socket of its own agent and reads the whole answer. */
function sendOver(agent: http.Agent, port: number, request: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    const undeclared = body === undefined || headers?.["transfer-encoding"] !== undefined;
    const length = undeclared ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = http.request({
      agent,
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { ...length, ...headers },
    });
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error("no answer within 10 s")));
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const read = (): void =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          ...contentOf(chunks),
        });
      incoming.on("error", reject);
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < (request.leaveAfter ?? Infinity)) return;
        read();
        outgoing.destroy();
      });
      incoming.on("end", read);
    });
    outgoing.end(body);
  });
}

/** Listens on a free port of the loopback interface; `prefix` is put before the path of every request. */
export async function serve(
  listener: http.RequestListener,
  prefix = "",
): Promise<RunningServer & { port: number }> {
  const server = http.createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new http.Agent({ keepAlive: true });
  return {
    port,
    send: (request) => sendOver(agent, port, { ...request, path: prefix + request.path }),
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An answer of the fetch bridge, read. */
export async function readResponse(response: Response, leaveAfter = Infinity): Promise<WireAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= leaveAfter) break;
  }
  const { status, headers } = response;
  return { status, headers: Object.fromEntries(headers), ...contentOf(chunks) };
}

/** A fetch request out of a wire request. */
export function toFetchRequest({ method, path, headers, body }: WireRequest): Request {
  const init: RequestInit = { method, headers: { ...headers } };
  // A string body would bring a content type of its own.
  if (body !== undefined)
    init.body = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  return new Request(`http://localhost${path}`, init);
}

/** The fetch bridge, called directly. */
export const fetchBridge: ServerKind = {
  name: "the fetch bridge",
  listen: async (handler) => ({
    send: async (request) => readResponse(await handler.fetch(toFetchRequest(request)), request.leaveAfter),
    close: async () => undefined,
  }),
};

/** Node's own server. */
export const nodeHttp: ServerKind = {
  name: "node:http",
  listen: async (handler) => serve((request, response) => void handler.node(request, response)),
};

/** Express 5 with the handler first. */
const express5: ServerKind = {
  name: "Express 5",
  listen: async (handler) => serve(express().use(handler.node)),
};

/** Express 5 with body parsers before the handler. */
export const express5AfterJson: ServerKind = {
  name: "Express 5 after express.json()",
  listen: async (handler) => serve(express().use(express.json(), handler.node, handler.nodeError)),
};

/** Express 5 with the handler under a mount path, after a body parser. */
const express5UnderPrefix: ServerKind = {
  name: "Express 5 under /api/v1",
  listen: async (handler) =>
    serve(express().use(express.json()).use("/api/v1", handler.node, handler.nodeError), "/api/v1"),
};

/** Express 4, whose body parser leaves an object on requests it did not read. */
const express4 = expressFour as unknown as typeof express;

/** Koa with the handler first, and after a body parser. */
const koa: readonly ServerKind[] = [
  { name: "Koa 3", listen: async (handler) => serve(koaApp((app) => app.use(handler.koa))) },
  {
    name: "Koa 3 after a body parser",
    listen: async (handler) =>
      serve(koaApp((app) => app.use(handler.koaError).use(koaParser()).use(handler.koa))),
  },
  {
    name: "Koa 3 under /api/v1",
    listen: async (handler) => {
      const inner = new Koa().use(handler.koaError).use(koaParser()).use(handler.koa);
      return serve(
        koaApp((app) => app.use(koaMount("/api/v1", inner))),
        "/api/v1",
      );
    },
  },
];

function koaParser(): Koa.Middleware {
  return bodyParser({ jsonLimit: "100kb" });
}

function koaApp(build: (app: Koa) => unknown): http.RequestListener {
  const app = new Koa();
  app.silent = true;
  build(app);
  const listener = app.callback();
  return (request, response) => void listener(request, response);
}

async function serveFastify(
  prefix: string,
  build: (app: FastifyInstance) => unknown,
): Promise<RunningServer> {
  const app = Fastify({ forceCloseConnections: true });
  build(app);
  await app.ready();
  return serve((request, response) => app.routing(request, response), prefix);
}

/** Fastify's own JSON parser is there in any case. */
const fastify: readonly ServerKind[] = [
  {
    name: "Fastify 5",
    listen: (handler) => serveFastify("", (app) => app.register(handler.fastify)),
  },
  {
    name: "Fastify 5 under /api/v1",
    listen: (handler) =>
      serveFastify("/api/v1", (app) => app.register(handler.fastify, { prefix: "/api/v1" })),
  },
];

const hono: ServerKind = {
  name: "Hono",
  listen: async (handler) => {
    const app = new Hono().all("/sessions", (c) => handler.fetch(c.req.raw));
    app.all("/sessions/*", (c) => handler.fetch(c.req.raw));
    const listener = getRequestListener(app.fetch);
    return serve((request, response) => void listener(request, response));
  },
};

async function serveNest(
  prefix: string,
  handler: HttpHandler,
  asMiddleware: boolean,
): Promise<RunningServer> {
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      if (asMiddleware) consumer.apply(handler.node).forRoutes("{*path}");
    }
  }
  Module({})(AppModule);
  const options = { logger: false, bodyParser: !asMiddleware } as const;
  const app = await NestFactory.create<NestExpressApplication>(AppModule, options);
  // Nest's own parsers come with init, before a module's middleware: to answer for them, they are put in place by hand.
  if (asMiddleware) app.useBodyParser("json").use(handler.nodeError);
  else app.use(handler.node);
  await app.init();
  return serve(app.getHttpAdapter().getInstance() as http.RequestListener, prefix);
}

const nest: readonly ServerKind[] = [
  { name: "NestJS 11, app.use", listen: (handler) => serveNest("", handler, false) },
  {
    name: "NestJS 11, as a module's middleware after its JSON parser",
    listen: (handler) => serveNest("", handler, true),
  },
];

/** As Next.js calls the functions of a route file: by the method's name. */
const routeFile: ServerKind = {
  name: "a Next route file",
  listen: async ({ fetch }) => {
    const route: Record<string, (request: Request) => Promise<Response>> = {
      GET: fetch,
      HEAD: fetch,
      POST: fetch,
      PUT: fetch,
      PATCH: fetch,
      DELETE: fetch,
      OPTIONS: fetch,
    };
    return {
      send: async (request) =>
        readResponse(
          (await route[request.method]?.(toFetchRequest(request))) ?? new Response(),
          request.leaveAfter,
        ),
      close: async () => undefined,
    };
  },
};

/** All of them. */
export const SERVERS: readonly ServerKind[] = [
  fetchBridge,
  nodeHttp,
  express5,
  express5AfterJson,
  express5UnderPrefix,
  { name: "Express 4", listen: async (handler) => serve(express4().use(handler.node)) },
  {
    name: "Express 4 after express.json()",
    listen: async (handler) => serve(express4().use(express4.json(), handler.node, handler.nodeError)),
  },
  ...koa,
  ...fastify,
  hono,
  ...nest,
  routeFile,
];
