import type { FastifyPluginCallback } from "fastify";
import Fastify from "fastify";
import Koa from "koa";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import { createHttpHandler, type HttpHandler } from "../../src/http/index.js";
import { KEY } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { type RunningServer, serve } from "./servers.js";

/** Events that end, so that a stream can be read whole. */
class FewEvents extends InMemorySessions {
  override async *events(): AsyncGenerator<StreamedEvent, void, undefined> {
    yield { id: `msg_${"0".repeat(32)}`, event: "messages.upsert", sessionId: "s", body: "{}" };
  }
}

async function onFastify(handler: HttpHandler): Promise<RunningServer> {
  const app = Fastify();
  app.addHook("onRequest", async (_request, reply) => void reply.header("x-before", "1"));
  app.addHook("onSend", async (_request, reply) => {
    void reply.header("x-after", "1").header("set-cookie", ["a=1", "b=2"]);
  });
  await app.register(handler.fastify as FastifyPluginCallback);
  await app.ready();
  return serve((request, response) => app.routing(request, response));
}

async function onKoa(handler: HttpHandler): Promise<RunningServer> {
  const app = new Koa();
  app.use(async (context, next) => {
    context.set("x-before", "1");
    await next();
    context.set("x-after", "1");
    context.cookies.set("a", "1");
    context.cookies.set("b", "2");
  });
  app.use(handler.koaError).use(handler.koa);
  const listener = app.callback();
  return serve((request, response) => void listener(request, response));
}

describe.each([
  ["Fastify", onFastify],
  ["Koa", onKoa],
])("what a host sets on %s", (_name, listen) => {
  let server: RunningServer;
  afterEach(() => server.close());

  it.each([
    ["GET", "/sessions/list", 200],
    ["POST", "/sessions/create", 201],
    ["GET", "/sessions/events", 200],
    ["HEAD", "/sessions/events", 200],
    ["HEAD", "/sessions/list", 200],
    ["OPTIONS", "/sessions/list", 204],
    ["GET", "/sessions/overview", 200],
    ["GET", "/sessions/unknown/info", 404],
    ["GET", "/sessions/nothing/here/at/all", 404],
  ])("is kept on %s %s", async (method, path, status) => {
    server = await listen(createHttpHandler(new FewEvents(), { apiKeys: KEY }));
    const headers = { "x-api-key": KEY, "content-type": "application/json" };
    const body = method === "POST" ? '{"name":"n"}' : undefined;
    const answer = await server.send({ method, path, headers, body });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ "x-before": "1", "x-after": "1" });
    expect(String(answer.headers["set-cookie"])).toMatch(/a=1.*b=2/);
    if (path === "/sessions/events" && method === "GET") {
      expect(answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
      expect(answer.text).toMatch(/^retry: 2000\n\nid: msg_0+\nevent: messages.upsert\ndata: \{\}\n\n$/);
    }
    if (status !== 204 && path !== "/sessions/events")
      expect(Number(answer.headers["content-length"])).toBeGreaterThan(1);
  });
});

describe("a reader of a stream that disconnects", () => {
  class Endless extends InMemorySessions {
    ended = 0;
    override async *events({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<StreamedEvent> {
      try {
        await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      } finally {
        this.ended += 1;
      }
    }
  }

  it.each([
    ["Fastify", onFastify],
    ["Koa", onKoa],
  ])("is forgotten on %s, and nothing is printed", async (_name, listen) => {
    const manager = new Endless();
    const printed = vi.spyOn(console, "error");
    const server = (await listen(createHttpHandler(manager, { apiKeys: KEY }))) as RunningServer & {
      port: number;
    };
    const leaving = new AbortController();
    const url = `http://127.0.0.1:${server.port}/sessions/events`;
    const { body } = await fetch(url, { headers: { "x-api-key": KEY }, signal: leaving.signal });
    await body?.getReader().read();
    leaving.abort();
    await expect.poll(() => manager.ended).toBe(1);
    expect(printed).not.toHaveBeenCalled();
    await server.close();
  });
});
