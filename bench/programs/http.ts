/**
 * The servers that the rows of HTTP compare, each in a process of its own: `http <name>`. All answer from the same data in memory with the
 * same JSON; ours does it through the whole adapter, over sessions in memory.
 */
import "reflect-metadata";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { Body, Controller, Get, Headers, HttpException, Module, Param, Post } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import express from "express";
import Fastify from "fastify";
import { validateCreateSession } from "../../src/api/validation.js";
import { createHttpHandler } from "../../src/http/index.js";
import { InMemorySessions } from "../../test/http/in-memory-sessions.js";
import { answerCalls, stopwatch } from "../frame/program.js";

/** The key all of them want. */
const BENCH_KEY = "bench-key";
const SESSIONS = 1_000;

const UNAUTHORIZED = { statusCode: 401, message: "Invalid API key" };

type Session = Awaited<ReturnType<InMemorySessions["create"]>>;

/** The contract's three routes of the comparison, by hand: no checks but the key and the name. */
class Data {
  readonly #sessions = new Map<string, Session>();

  constructor(sessions: readonly Session[]) {
    for (const session of sessions) this.#sessions.set(session.id, session);
  }

  status(id: string): object {
    const session = this.#sessions.get(id) as Session;
    const { name, status, phoneNumber, detail } = session;
    return { id, name, status, phoneNumber, detail };
  }

  list(): object[] {
    return [...this.#sessions.values()].map(({ qrCode: _, ...rest }) => rest);
  }

  create(input: unknown): object {
    const { name } = validateCreateSession(input);
    const now = new Date().toISOString();
    const detail = { state: "idle", reason: "new" } as const;
    const rest = {
      phoneNumber: null,
      webhookUrl: null,
      webhookEvents: [],
      createdAt: now,
      updatedAt: now,
      detail,
    };
    const session: Session = { id: randomUUID(), name, status: "disconnected", qrCode: null, ...rest };
    // Not kept: the list must not grow while it is measured.
    return session;
  }
}

function bareNode(data: Data): http.RequestListener {
  const send = (response: http.ServerResponse, status: number, body: unknown): void => {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(text),
    };
    response.writeHead(status, headers).end(text);
  };
  return (request, response) => {
    if (request.headers["x-api-key"] !== BENCH_KEY) return send(response, 401, UNAUTHORIZED);
    const path = request.url ?? "";
    if (path === "/sessions/list") return send(response, 200, data.list());
    if (path !== "/sessions/create") return send(response, 200, data.status(path.split("/")[2] ?? ""));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => send(response, 201, data.create(JSON.parse(Buffer.concat(chunks).toString()))));
  };
}

function expressApp(data: Data): http.RequestListener {
  const app = express().use(express.json());
  app.use((request, response, next) => {
    if (request.headers["x-api-key"] === BENCH_KEY) next();
    else response.status(401).json(UNAUTHORIZED);
  });
  app.get("/sessions/list", (_request, response) => void response.json(data.list()));
  app.get("/sessions/:id/status", ({ params }, response) => void response.json(data.status(params.id)));
  app.post(
    "/sessions/create",
    (request, response) => void response.status(201).json(data.create(request.body)),
  );
  return app;
}

async function fastifyApp(data: Data): Promise<http.RequestListener> {
  const app = Fastify();
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers["x-api-key"] !== BENCH_KEY) await reply.code(401).send(UNAUTHORIZED);
  });
  app.get("/sessions/list", async () => data.list());
  app.get<{ Params: { id: string } }>("/sessions/:id/status", async ({ params }) => data.status(params.id));
  app.post("/sessions/create", async ({ body }, reply) => reply.code(201).send(data.create(body)));
  await app.ready();
  return (request, response) => app.routing(request, response);
}

async function nestApp(data: Data): Promise<http.RequestListener> {
  const guard = (key: unknown): void => {
    if (key !== BENCH_KEY) throw new HttpException(UNAUTHORIZED, 401);
  };
  class Sessions {
    list(key: string): object {
      guard(key);
      return data.list();
    }

    status(key: string, id: string): object {
      guard(key);
      return data.status(id);
    }

    create(key: string, body: unknown): object {
      guard(key);
      return data.create(body);
    }
  }
  // What decorators do, by hand: this file runs without a build step.
  const decorate = (name: keyof Sessions, decorator: MethodDecorator): void => {
    decorator(Sessions.prototype, name, Object.getOwnPropertyDescriptor(Sessions.prototype, name) ?? {});
    Headers("x-api-key")(Sessions.prototype, name, 0);
  };
  decorate("list", Get("list"));
  decorate("status", Get(":id/status"));
  Param("id")(Sessions.prototype, "status", 1);
  decorate("create", Post("create"));
  Body()(Sessions.prototype, "create", 1);
  Controller("sessions")(Sessions);
  class App {}
  Module({ controllers: [Sessions] })(App);
  const app = await NestFactory.create(App, { logger: false });
  await app.init();
  return app.getHttpAdapter().getInstance() as http.RequestListener;
}

/** Ours: `create` deletes what it made at once, for the same reason as above. */
class BenchSessions extends InMemorySessions {
  override async create(input: Parameters<InMemorySessions["create"]>[0]): Promise<Session> {
    const session = await super.create(input);
    if (this.size > SESSIONS) await super.delete(session.id);
    this.calls.length = 0;
    return session;
  }
}

async function main(name: string): Promise<void> {
  const manager = new BenchSessions();
  const sessions: Session[] = [];
  for (let n = 0; n < SESSIONS; n += 1) sessions.push(await manager.create({ name: `session ${n}` }));
  const data = new Data(sessions);
  const { node } = createHttpHandler(manager, { apiKeys: BENCH_KEY });
  const apps: Readonly<Record<string, () => http.RequestListener | Promise<http.RequestListener>>> = {
    "node:http": () => bareNode(data),
    zpwoot: () => (request, response) => void node(request, response),
    "Fastify 5": () => fastifyApp(data),
    "Express 5": () => expressApp(data),
    "NestJS 11": () => nestApp(data),
  };
  const server = http.createServer(await apps[name]?.()).listen(0, "127.0.0.1");
  await once(server, "listening");
  let watch = stopwatch();
  answerCalls({
    address: () => ({ port: (server.address() as AddressInfo).port, id: sessions[0]?.id, key: BENCH_KEY }),
    begin: () => void (watch = stopwatch()),
    cpuMs: () => watch().cpuMs,
  });
}

await main(process.argv[2] ?? "");
