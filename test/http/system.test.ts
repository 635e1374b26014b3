import { readFile } from "node:fs/promises";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { describe, expect, it } from "vitest";
import {
  ALL_ROUTES,
  createHttpHandler,
  openApiDocument,
  type HttpHandlerOptions,
} from "../../src/http/index.js";
import { createMetrics } from "../../src/metrics/index.js";
import { EngineWorld } from "../support/engine.js";
import { RecordingLogger } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { SERVERS } from "./servers.js";

function open(options: HttpHandlerOptions = {}, manager = new InMemorySessions()) {
  const logger = new RecordingLogger();
  const handler = createHttpHandler(manager, { apiKeys: "k", logger, system: true, ...options });
  const get = (path: string, headers: Record<string, string> = {}) =>
    handler.fetch(new Request(`http://localhost${path}`, { headers }));
  return { handler, get, logger, manager };
}

describe("health", () => {
  it("is told to anyone: live while the process answers, ready while the store does", async () => {
    await using world = await EngineWorld.open();
    const { fetch } = createHttpHandler(world.manager, { system: true });
    const get = (path: string) => fetch(new Request(`http://localhost/health/${path}`));
    expect(await (await get("live")).json()).toEqual({ ok: true });
    const ready = await get("ready");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ok: true, store: "ok" });
    await world.manager.stop();
    const gone = await get("ready");
    expect(gone.status).toBe(503);
    expect(await gone.json()).toMatchObject({ ok: false, store: "unavailable" });
    expect((await get("live")).status).toBe(200);
  });
});

describe("metrics over HTTP", () => {
  it("need a key, and are those of the manager", async () => {
    await using world = await EngineWorld.open();
    using metrics = createMetrics(world.manager, { process: false });
    const { fetch } = createHttpHandler(world.manager, { apiKeys: "k", system: true, metrics });
    const get = (headers: Record<string, string>) =>
      fetch(new Request("http://localhost/metrics", { headers }));
    expect((await get({})).status).toBe(401);
    const answer = await get({ "x-api-key": "k" });
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(await answer.text()).toContain("# TYPE zpwoot_sessions gauge");
  });

  it("are 404 where there are none", async () => {
    expect((await open().get("/metrics", { "x-api-key": "k" })).status).toBe(404);
  });
});

describe("the cluster over HTTP", () => {
  it("is 404 on a server that runs all sessions by itself, and for nobody without a key", async () => {
    const { get } = open();
    expect((await get("/cluster")).status).toBe(401);
    const answer = await get("/cluster", { "x-api-key": "k" });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      statusCode: 404,
      message: "This server is not a node of a cluster",
      error: "Not Found",
    });
  });
});

describe("paths outside /sessions", () => {
  it.each(["/health/live", "/health/ready", "/metrics", "/cluster", "/openapi.json", "/docs"])(
    "are left to the host unless they are asked for: %s",
    async (path) => {
      expect((await open({ system: false }).get(path, { "x-api-key": "k" })).status).toBe(404);
      expect((await open().get(`/api${path}`)).status).toBe(404);
      expect((await open({ basePath: "/api", metrics: undefined }).get(`/api${path}`)).status).toBe(
        path === "/metrics" || path === "/cluster" ? 401 : 200,
      );
    },
  );

  it.each(SERVERS.filter(({ name }) => !/Hono|under/.test(name)))("are served on $name", async (kind) => {
    const { handler } = open();
    const server = await kind.listen(handler);
    try {
      const answer = await server.send({ method: "GET", path: "/health/live" });
      expect(answer.text).toBe('{"ok":true}');
    } finally {
      await server.close();
    }
  });
});

describe("the OpenAPI document", () => {
  it("passes an independent linter", async () => {
    const config = await createConfig({
      extends: ["recommended"],
      rules: { "operation-4xx-response": "error", "info-license": "error", "no-server-example.com": "off" },
    });
    const problems = await lintFromString({ source: JSON.stringify(openApiDocument("/api")), config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  it("has every route, and no other", async () => {
    const { get } = open();
    const served = (await (await get("/openapi.json")).json()) as ReturnType<typeof openApiDocument>;
    const described = Object.entries(served.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${String(operationId)}`),
    );
    const table = ALL_ROUTES.map(
      ({ method, path, operation }) =>
        `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")} ${operation}`,
    );
    expect(described.sort()).toEqual(table.sort());
  });

  it("is the one in docs/openapi.json; `npm run openapi` writes it anew", async () => {
    const text = await readFile(new URL("../../docs/openapi.json", import.meta.url), "utf8");
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it("is a page too, without a script", async () => {
    const page = await open().get("/docs");
    const html = await page.text();
    for (const { path } of ALL_ROUTES) expect(html).toContain(path.replace(/:(\w+)/g, "{$1}"));
    expect(html).not.toContain("<script");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});

describe("the request log", () => {
  it("has a line per request with an id, and nothing of what was said", async () => {
    const { get, logger, handler } = open({ logRequests: true });
    const answer = await get("/sessions/list?secret=query", {
      "x-api-key": "k",
      "x-request-id": "from-caller.1",
    });
    expect(answer.headers.get("x-request-id")).toBe("from-caller.1");
    const replaced = await get("/sessions/nothing/at/all", { "x-request-id": "with spaces" });
    expect(replaced.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    await handler.fetch(
      new Request("http://localhost/sessions/create", {
        method: "POST",
        headers: { "x-api-key": "k", "content-type": "application/json" },
        body: JSON.stringify({ name: "secret name" }),
      }),
    );
    const lines = logger.lines.filter(({ message }) => message === "HTTP request");
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { requestId: "from-caller.1", method: "GET", operation: "listSessions", status: 200 },
      { method: "GET", operation: "none", status: 404 },
      { method: "POST", operation: "createSession", status: 201 },
    ]);
    expect(logger.text).not.toMatch(/secret/);
  });

  it("is off unless it is asked for", async () => {
    const { get, logger } = open();
    expect((await get("/sessions/list", { "x-api-key": "k" })).headers.get("x-request-id")).toBeNull();
    expect(logger.lines).toEqual([]);
  });
});
