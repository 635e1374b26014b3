import { once } from "node:events";
import { connect } from "node:net";
import express from "express";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readJson } from "../../src/http/protocol/body.js";
import { HttpError } from "../../src/http/protocol/message.js";
import { AS_CLIENT, KEY, openHandler, talk } from "./fixtures.js";
import { type RunningServer, serve, SERVERS, toFetchRequest } from "./servers.js";

const CREATE = { method: "POST", path: "/sessions/create" } as const;
const TOO_LARGE = `{"statusCode":413,"message":"request entity too large"}`;
const MALFORMED = `{"statusCode":400,"message":"Request body is not a valid JSON object","error":"Bad Request"}`;

function sized(bytes: number): string {
  const frame = JSON.stringify({ name: "sized", ignored: "" });
  return JSON.stringify({ name: "sized", ignored: "x".repeat(bytes - frame.length) });
}

describe.each(SERVERS)("bodies through $name", (kind) => {
  const { handler, manager } = openHandler();
  let server: RunningServer;

  beforeAll(async () => {
    server = await kind.listen(handler);
  });
  afterAll(() => server.close());

  it("takes a body of exactly the limit", async () => {
    const answer = await server.send({ ...CREATE, headers: AS_CLIENT, body: sized(102_400) });
    expect(answer.status, answer.text).toBe(201);
  });

  it("refuses a body over the limit, declared or not, and stores nothing", async () => {
    const before = manager.size;
    const body = sized(102_401);
    const declared = await server.send({ ...CREATE, headers: AS_CLIENT, body });
    expect({ status: declared.status, text: declared.text }).toEqual({ status: 413, text: TOO_LARGE });
    const chunked = { ...AS_CLIENT, "transfer-encoding": "chunked" };
    const undeclared = await server.send({ ...CREATE, headers: chunked, body });
    expect({ status: undeclared.status, text: undeclared.text }).toEqual({ status: 413, text: TOO_LARGE });
    expect(manager.size).toBe(before);
  });

  it("refuses a body over the limit of a caller without a key with 401", async () => {
    const answer = await server.send({
      ...CREATE,
      headers: { "content-type": "application/json" },
      body: sized(500_000),
    });
    expect(answer.status).toBe(401);
  });

  it.each(["{", `{"name":"a"`, `{'name':'a'}`, "name=a", "\u0000", "undefined", "NaN", `{"name":"a"}}`])(
    "refuses malformed JSON: %s",
    async (body) => {
      const before = manager.size;
      const answer = await server.send({ ...CREATE, headers: AS_CLIENT, body });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 400, text: MALFORMED });
      expect(manager.size).toBe(before);
    },
  );

  it.each([
    ["application/json; charset=utf-8"],
    ["APPLICATION/JSON;Charset=UTF-8"],
    [`application/json; charset="utf-8"`],
    ["application/vnd.api+json"],
    [undefined],
  ])("takes JSON with the content type %s", async (contentType) => {
    const headers = {
      "x-api-key": KEY,
      ...(contentType === undefined ? {} : { "content-type": contentType }),
    };
    const body = JSON.stringify({ name: `of type ${contentType} ${manager.size}` });
    expect((await server.send({ ...CREATE, headers, body })).status).toBe(201);
  });

  it.each([
    ["text/plain", "Content-Type must be application/json"],
    ["application/x-www-form-urlencoded", "Content-Type must be application/json"],
    ["multipart/form-data; boundary=x", "Content-Type must be application/json"],
    ["application/json5", "Content-Type must be application/json"],
    ["nonsense", "Content-Type must be application/json"],
    ["application/json; charset=latin1", "Content-Type charset must be utf-8"],
  ])("refuses a body with the content type %s", async (contentType, message) => {
    const headers = { "x-api-key": KEY, "content-type": contentType };
    const answer = await server.send({ ...CREATE, headers, body: `{"name":"refused"}` });
    const text = JSON.stringify({ statusCode: 415, message, error: "Unsupported Media Type" });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 415, text });
  });

  it("takes __proto__ for one more field nobody knows, unless a parser before us refuses it", async () => {
    const name = `with a prototype ${manager.size}`;
    const body = `{"__proto__":{"name":"poison"},"name":${JSON.stringify(name)}}`;
    const answer = await server.send({ ...CREATE, headers: AS_CLIENT, body });
    if (/^Koa 3 (after|under)/.test(kind.name)) expect(answer.status).toBe(400);
    else expect(JSON.parse(answer.text)).toMatchObject({ name });
    expect(({} as { name?: string }).name).toBeUndefined();
  });

  it("does not mind the content type of an empty body", async () => {
    const headers = { "x-api-key": KEY, "content-type": "text/plain" };
    const answer = await server.send({ ...CREATE, headers });
    expect(answer.text).toBe(`{"statusCode":400,"message":["name must be a string"],"error":"Bad Request"}`);
  });

  it("refuses an unknown content encoding", async () => {
    const headers = { ...AS_CLIENT, "content-encoding": "zstd-or-so" };
    const answer = await server.send({ ...CREATE, headers, body: `{"name":"refused"}` });
    const message = "Content-Encoding is not supported";
    const text = JSON.stringify({ statusCode: 415, message, error: "Unsupported Media Type" });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 415, text });
  });

  it("reads names in UTF-8", async () => {
    const name = `Atendimento São Paulo 🇧🇷 ${manager.size}`;
    const answer = await server.send({ ...CREATE, headers: AS_CLIENT, body: JSON.stringify({ name }) });
    expect(JSON.parse(answer.text)).toMatchObject({ name });
    expect(Number(answer.headers["content-length"] ?? Buffer.byteLength(answer.text))).toBe(
      Buffer.byteLength(answer.text),
    );
  });

  it("ignores the body where a route takes none", async () => {
    const { id } = await manager.create({ name: `bodiless ${manager.size}` });
    const headers = { "x-api-key": KEY, "content-type": "text/plain" };
    const connected = await server.send({
      method: "POST",
      path: `/sessions/${id}/connect`,
      headers,
      body: "whatever",
    });
    expect(connected.status).toBe(201);
    const deleted = await server.send({
      method: "DELETE",
      path: `/sessions/${id}/delete`,
      headers: AS_CLIENT,
      body: "{}",
    });
    expect(deleted.status).toBe(200);
  });
});

describe("bodies that are no UTF-8, read by us", () => {
  it("drops a byte order mark, and refuses broken bytes", async () => {
    const { handler } = openHandler();
    const bytes = (...parts: (string | number[])[]) =>
      Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const send = async (body: Uint8Array) =>
      (await handler.fetch(toFetchRequest({ ...CREATE, headers: AS_CLIENT, body }))).status;
    expect(await send(bytes([0xef, 0xbb, 0xbf], `{"name":"marked"}`))).toBe(201);
    expect(await send(bytes(`{"name":"`, [0xff, 0xfe], `"}`))).toBe(400);
  });
});

describe("the connection, on node:http", () => {
  const { handler, manager } = openHandler();
  let server: RunningServer & { port: number };

  beforeAll(async () => {
    server = await serve((request, response) => void handler.node(request, response));
  });
  afterAll(() => server.close());

  const next = `GET /sessions/list HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nConnection: close\r\n\r\n`;
  const post = (path: string, key: string, body: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it.each([
    ["413", post("/sessions/create", KEY, sized(3_000_000))],
    ["401", post("/sessions/create", "wrong", sized(3_000_000))],
    ["404", post("/sessions/nothing/here", KEY, sized(300_000))],
    ["400", post("/sessions/create", KEY, "{")],
  ])("serves its next request after a %s with the body unread", async (status, first) => {
    const heard = await talk(server.port, first + next, /$^/);
    expect([...heard.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, code]) => code)).toEqual([status, "200"]);
  });

  it("answers 413 before the body is in, and cuts off who sends for ever", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    const head = `POST /sessions/create HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: 999999999999\r\n\r\n`;
    socket.write(head);
    const [first] = (await once(socket, "data")) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1.1 413 /);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const chunk = Buffer.alloc(1024 * 1024);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on("drain", pour);
    pour();
    await closed;
    expect(socket.bytesWritten).toBeLessThan(200 * chunk.length);
  });

  it("does not wait for the body of a client that has left before the handler was called", async () => {
    let settled: Promise<void> | undefined;
    const own = await serve((request, response) => {
      settled = once(response, "close").then(() => handler.node(request, response));
      socket.destroy();
    });
    const socket = connect(own.port, "127.0.0.1");
    const head = `POST /sessions/create HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: 20\r\n\r\n`;
    socket.write(`${head}{"name":`);
    await once(socket, "close");
    await own.close();
    await expect(settled).resolves.toBeUndefined();
  });

  it("does nothing for a client that leaves in the middle of its body, and lives on", async () => {
    const before = manager.calls.length;
    let settled: Promise<void> | undefined;
    const own = await serve((request, response) => {
      settled = handler.node(request, response);
      socket.destroy();
    });
    const socket = connect(own.port, "127.0.0.1");
    const head = `POST /sessions/create HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: 20\r\n\r\n`;
    socket.write(`${head}{"name":`);
    await once(socket, "close");
    await settled;
    await own.close();
    expect(manager.calls).toHaveLength(before);
    expect((await server.send({ method: "GET", path: "/sessions/list", headers: AS_CLIENT })).status).toBe(
      200,
    );
  });
});

describe("bodies that somebody read before us, on Express 5", () => {
  it.each([
    ["express.json()", express.json(), "application/json", `{"name":"a"}`],
    ["express.text()", express.text({ type: "*/*" }), "application/json", `{"name":"a"}`],
    ["express.raw()", express.raw({ type: "*/*" }), "application/json", `{"name":"a"}`],
    ["express.json() for another type", express.json({ type: "x/y" }), "application/json", `{"name":"a"}`],
  ])("takes what %s left", async (_case, parser, contentType, body) => {
    const { handler } = openHandler();
    const server = await serve(express().use(parser, handler.node));
    try {
      const headers = { "x-api-key": KEY, "content-type": contentType };
      const answer = await server.send({ ...CREATE, headers, body });
      expect(answer.status, answer.text).toBe(201);
      expect(JSON.parse(answer.text)).toMatchObject({ name: "a" });
    } finally {
      await server.close();
    }
  });

  it("refuses a form that a parser made an object of: it is no JSON", async () => {
    const { handler, manager } = openHandler();
    const server = await serve(express().use(express.urlencoded(), handler.node));
    try {
      const headers = { "x-api-key": KEY, "content-type": "application/x-www-form-urlencoded" };
      expect((await server.send({ ...CREATE, headers, body: "name=a" })).status).toBe(415);
      expect(manager.size).toBe(0);
    } finally {
      await server.close();
    }
  });

  it("does not believe the empty body that Express 4's parsers put on requests they did not read", async () => {
    const { handler } = openHandler();
    const pretend: express.RequestHandler = (request, _response, next) => {
      request.body = {};
      next();
    };
    const server = await serve(express().use(pretend, handler.node));
    try {
      expect((await server.send({ ...CREATE, headers: AS_CLIENT, body: `{"name":"a"}` })).status).toBe(201);
    } finally {
      await server.close();
    }
  });

  it("says in the log that a body was read and not left, and answers 500", async () => {
    const { handler, logger } = openHandler();
    const swallow: express.RequestHandler = (request, _response, next) => {
      request.on("end", () => next()).resume();
    };
    const server = await serve(express().use(swallow, handler.node));
    try {
      const answer = await server.send({ ...CREATE, headers: AS_CLIENT, body: `{"name":"a"}` });
      expect(answer.text).toBe(`{"statusCode":500,"message":"Internal server error"}`);
      expect(logger.text).toContain("was read before the handler ran");
    } finally {
      await server.close();
    }
  });
});

describe("nodeError", () => {
  const { handler, manager } = openHandler();
  const app = express().use(express.json());
  app.get("/sessions/list", () => {
    throw new Error("of the host");
  });
  app.use(handler.node, handler.nodeError);
  app.post("/elsewhere", () => undefined);
  const passedOn: express.ErrorRequestHandler = (error: Error, _request, response, _next) => {
    response.status(418).send(`passed on: ${error.message}`);
  };
  app.use(passedOn);
  let server: RunningServer;

  beforeAll(async () => {
    server = await serve(app);
  });
  afterAll(() => server.close());

  it("answers what the parser before us refused, but carries nothing out", async () => {
    const { id } = await manager.create({ name: "never connected" });
    const path = `/sessions/${id}/connect`;
    const answer = await server.send({ method: "POST", path, headers: AS_CLIENT, body: "{" });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 400, text: MALFORMED });
    expect(manager.calls.map(({ method }) => method)).not.toContain("connect");
  });

  it("wants the key first", async () => {
    const headers = { "content-type": "application/json" };
    expect((await server.send({ ...CREATE, headers, body: "{" })).status).toBe(401);
  });

  it("passes on errors of others, and paths of others", async () => {
    const own = await server.send({ method: "GET", path: "/sessions/list", headers: AS_CLIENT });
    expect(own.text).toBe("passed on: of the host");
    const elsewhere = await server.send({
      method: "POST",
      path: "/elsewhere",
      headers: AS_CLIENT,
      body: "{",
    });
    expect(elsewhere.text).toMatch(/^passed on: .*JSON/);
  });
});

describe("the fetch bridge", () => {
  it("takes a request whose body was cloned before it was read, and names the trouble if it was not", async () => {
    const { handler, logger } = openHandler();
    const request = toFetchRequest({ ...CREATE, headers: AS_CLIENT, body: `{"name":"a"}` });
    const clone = request.clone();
    await request.text();
    expect((await handler.fetch(clone)).status).toBe(201);
    const answer = await handler.fetch(request);
    expect(await answer.text()).toBe(`{"statusCode":500,"message":"Internal server error"}`);
    expect(logger.text).toContain("pass a clone");
  });

  it("stops pulling a stream that goes over the limit", async () => {
    const { handler } = openHandler({ bodyLimitBytes: 1000 });
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(400));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const init = { method: "POST", headers: AS_CLIENT, body, duplex: "half" } as RequestInit;
    const answer = await handler.fetch(new Request("http://localhost/sessions/create", init));
    expect(await answer.text()).toBe(TOO_LARGE);
    expect({ cancelled, few: pulled < 6 }).toEqual({ cancelled: true, few: true });
  });

  it("refuses a stream that breaks", async () => {
    const { handler } = openHandler();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("broken")),
    });
    const init = { method: "POST", headers: AS_CLIENT, body, duplex: "half" } as RequestInit;
    const answer = await handler.fetch(new Request("http://localhost/sessions/create", init));
    expect(answer.status).toBe(400);
  });
});

describe("a body that does not come", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const request = {
    ...{ method: "POST", path: "/", originalPath: "/", query: "", header: () => undefined },
    pipeBody: async () => expect.fail("JSON is read whole"),
  };

  it("is waited for 30 s, then answered 408 on a connection that ends", async () => {
    const reading = readJson(
      {
        ...request,
        readBody: ({ signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(new Error("aborted"))),
          ),
      },
      1000,
    );
    const refused = expect(reading).rejects.toMatchObject({
      response: { status: 408, closeConnection: true },
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await refused;
    await expect(reading).rejects.toBeInstanceOf(HttpError);
  });

  it("leaves no timer behind when it does come", async () => {
    await readJson({ ...request, readBody: async () => ({ kind: "parsed", value: {} }) }, 1000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a list for a body", () => {
  it.each(["/messages", "/groups", "/contacts/check", "/chats/read", "/media", "/export"])(
    "is malformed at %s",
    async (path) => {
      const { handler, manager } = openHandler();
      const { id } = await manager.create({ name: "a" });
      const request = { method: "POST", path: `/sessions/${id}${path}`, headers: AS_CLIENT, body: "[]" };
      expect(await (await handler.fetch(toFetchRequest(request))).text()).toBe(MALFORMED);
    },
  );

  it.each([
    ["/sessions/create", "name must be a string"],
    ["/sessions/:id/pair", "Phone number must be in international format (e.g., +5511999999999)"],
  ])("breaks the rules of the contract at %s", async (path, message) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    const request = { method: "POST", path: path.replace(":id", id), headers: AS_CLIENT, body: "[]" };
    const text = JSON.stringify({ statusCode: 400, message: [message], error: "Bad Request" });
    expect(await (await handler.fetch(toFetchRequest(request))).text()).toBe(text);
  });
});

describe("the body of PATCH, whose fields are all optional", () => {
  it.each([
    [undefined, MALFORMED],
    ["[]", MALFORMED],
    [
      `{"webhok":null}`,
      `{"statusCode":400,"message":["Unrecognized key: \\"webhok\\""],"error":"Bad Request"}`,
    ],
    [
      `{"webhook":{"enabled":1}}`,
      `{"statusCode":400,"message":["webhook.enabled must be true or false"],"error":"Bad Request"}`,
    ],
  ])("must be an object of known fields: %s", async (body, text) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    const request = { method: "PATCH", path: `/sessions/${id}`, headers: AS_CLIENT, body };
    expect(await (await handler.fetch(toFetchRequest(request))).text()).toBe(text);
    expect(manager.calls.map(({ method }) => method)).not.toContain("update");
  });
});
