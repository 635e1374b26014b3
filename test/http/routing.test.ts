import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AS_CLIENT, KEY, openHandler, talk } from "./fixtures.js";
import { readResponse, type RunningServer, serve, SERVERS, toFetchRequest } from "./servers.js";

const LIST = { method: "GET", path: "/sessions/list", headers: AS_CLIENT } as const;

function notFound(method: string, path: string): string {
  return `{"statusCode":404,"message":"Cannot ${method} ${path}","error":"Not Found"}`;
}

describe.each(SERVERS)("routing through $name", (kind) => {
  const { handler, manager } = openHandler();
  let server: RunningServer;
  /** What a 404 shows before the path that was sent. */
  const prefix = kind.name.endsWith("/api/v1") ? "/api/v1" : "";

  beforeAll(async () => {
    server = await kind.listen(handler);
  });
  afterAll(() => server.close());

  it.each([
    ["GET", "/sessions"],
    ["GET", "/sessions/"],
    ["GET", "/sessions/list/more"],
    ["GET", "/sessions//info"],
    ["GET", "/sessions/abc"],
    ["GET", "/sessions/abc/nothing"],
    ["GET", "/sessions/abc/connect"],
    ["POST", "/sessions/list"],
    ["PUT", "/sessions/create"],
    ["PATCH", "/sessions/abc/info"],
    ["POST", "/sessions/abc/delete"],
    ["DELETE", "/sessions/abc/info"],
    ["OPTIONS", "/sessions/abc/nothing"],
  ])("answers an unknown route, %s %s, as NestJS does, to anyone", async (method, path) => {
    const answer = await server.send({ method, path });
    expect({ status: answer.status, text: answer.text }).toEqual({
      status: 404,
      text: notFound(method, prefix + path),
    });
  });

  it("leaves the query out of an unknown route's answer: it may hold what is nobody's business", async () => {
    const answer = await server.send({ method: "GET", path: "/sessions/nothing?token=secret" });
    expect(answer.text).toBe(notFound("GET", `${prefix}/sessions/nothing`));
  });

  it("takes a trailing slash and a query", async () => {
    expect((await server.send({ ...LIST, path: "/sessions/list/?a=b" })).status).toBe(200);
  });

  it("answers HEAD like GET, without the body", async () => {
    const got = await server.send(LIST);
    const head = await server.send({ ...LIST, method: "HEAD" });
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: "" });
    expect(head.headers["content-type"]).toBe(got.headers["content-type"]);
    const unknown = await server.send({ ...LIST, method: "HEAD", path: "/sessions/unknown/info" });
    expect({ status: unknown.status, text: unknown.text }).toEqual({ status: 404, text: "" });
  });

  it("tells anyone the methods of a path on OPTIONS, and calls nothing", async () => {
    const before = manager.calls.length;
    const answer = await server.send({ method: "OPTIONS", path: "/sessions/list" });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    expect(answer.headers["allow"]).toBe("GET, HEAD, OPTIONS");
    const other = await server.send({ method: "OPTIONS", path: "/sessions/abc/delete" });
    expect(other.headers["allow"]).toBe("DELETE, OPTIONS");
    expect(manager.calls).toHaveLength(before);
  });

  it("answers 400 to an id that is not percent-encoded properly", async () => {
    const answer = await server.send({ ...LIST, path: "/sessions/%zz/info" });
    const text = `{"statusCode":400,"message":"Failed to decode param '%zz'","error":"Bad Request"}`;
    expect(answer.status).toBe(400);
    // Fastify, and the router that Nest puts before a module's middleware, refuse it themselves.
    if (!/^Fastify|module/.test(kind.name)) expect(answer.text).toBe(text);
  });

  it("lets no cache keep an answer and no browser guess its type", async () => {
    const { headers } = await server.send(LIST);
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  });
});

describe("request targets that are not plain paths, on node:http", () => {
  const { handler } = openHandler();
  let server: RunningServer & { port: number };

  beforeAll(async () => {
    server = await serve((request, response) => void handler.node(request, response));
  });
  afterAll(() => server.close());

  function get(target: string, host = "x"): Promise<string> {
    const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${KEY}\r\nConnection: close\r\n\r\n`;
    return talk(server.port, head, /$^/);
  }

  it("does not take //evil.com/sessions/list for /sessions/list", async () => {
    const heard = await get("//evil.com/sessions/list");
    expect(heard).toMatch(/^HTTP\/1.1 404 /);
    expect(heard).toContain(notFound("GET", "//evil.com/sessions/list"));
  });

  it("takes an absolute URL by its path, whatever its host", async () => {
    expect(await get("http://elsewhere.example/sessions/list?x")).toMatch(/^HTTP\/1.1 200 /);
    expect(await get("http://elsewhere.example")).toMatch(/^HTTP\/1.1 404 /);
  });

  it.each(["[", "a b", "//", "evil.com:99999", "%00"])(
    "does not look at the Host header: %s",
    async (host) => {
      expect(await get("/sessions/list", host)).toMatch(/^HTTP\/1.1 200 /);
    },
  );

  it.each(["/sessions/../sessions/list", "/sessions/./list", "/SESSIONS/list", "*"])(
    "does not resolve %s",
    async (target) => expect(await get(target)).toMatch(/^HTTP\/1.1 404 /),
  );
});

describe("where the handler is mounted", () => {
  const mounts: readonly [
    string,
    (handler: ReturnType<typeof openHandler>["handler"]) => express.Express,
    string,
  ][] = [
    ["at /sessions itself", (handler) => express().use("/sessions", handler.node), ""],
    ["at a path that is also its basePath", (handler) => express().use("/api", handler.node), "/api"],
    ["at the root with a basePath", (handler) => express().use(handler.node), "/api"],
    [
      "in a router in a router",
      (handler) => express().use("/a", express.Router().use("/b", handler.node)),
      "",
    ],
  ];

  it.each(mounts)("works on Express 5 %s", async (_case, mount, basePath) => {
    const { handler } = openHandler({ basePath });
    const server = await serve(mount(handler), _case.includes("router") ? "/a/b" : basePath);
    try {
      expect((await server.send(LIST)).text).toBe("[]");
      expect((await server.send({ method: "GET", path: "/sessions/x/y" })).status).toBe(404);
    } finally {
      await server.close();
    }
  });

  it("takes its basePath off on node:http and on fetch, and nothing else", async () => {
    const { handler } = openHandler({ basePath: "/api/" });
    const server = await serve((request, response) => void handler.node(request, response));
    try {
      for (const [path, status] of [
        ["/api/sessions/list", 200],
        ["/sessions/list", 404],
        ["/apisessions/list", 404],
      ] as const) {
        expect((await server.send({ ...LIST, path })).status, path).toBe(status);
        expect(
          (await readResponse(await handler.fetch(toFetchRequest({ ...LIST, path })))).status,
          path,
        ).toBe(status);
      }
    } finally {
      await server.close();
    }
  });

  it("hands paths outside /sessions to the next middleware, and keeps those inside", async () => {
    const { handler } = openHandler();
    const app = express().use(handler.node);
    app.use((request, response) => void response.send(`next of ${request.path}`));
    const server = await serve(app);
    try {
      for (const path of ["/", "/health", "/sessionsx", "//evil.com/sessions/list", "/x/sessions/list"]) {
        expect((await server.send({ method: "GET", path })).text).toBe(`next of ${path}`);
      }
      for (const path of ["/sessions", "/sessions/x", "/sessions/x/y"]) {
        expect((await server.send({ method: "GET", path })).text).toBe(notFound("GET", path));
      }
    } finally {
      await server.close();
    }
  });

  it("answers 404 itself outside /sessions when there is no next", async () => {
    const { handler } = openHandler();
    const server = await serve((request, response) => void handler.node(request, response));
    try {
      expect((await server.send({ method: "GET", path: "/health" })).text).toBe(notFound("GET", "/health"));
    } finally {
      await server.close();
    }
    const answer = await readResponse(await handler.fetch(new Request("http://localhost/health")));
    expect(answer.text).toBe(notFound("GET", "/health"));
  });

  it("settles with next, and rejects only if next does", async () => {
    const { handler } = openHandler();
    let caught: unknown;
    const server = await serve((request, response) => {
      const next = async () => {
        throw new Error("of the next one");
      };
      void handler.node(request, response, next).catch((error: unknown) => {
        caught = error;
        response.end();
      });
    });
    try {
      await server.send({ method: "GET", path: "/elsewhere" });
      expect(caught).toMatchObject({ message: "of the next one" });
    } finally {
      await server.close();
    }
  });
});
