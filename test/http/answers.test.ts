import { once } from "node:events";
import express from "express";
import { describe, expect, it } from "vitest";
import { createdSessionResponseSchema, ROUTES, sessionResponseSchema } from "../../src/http/index.js";
import type { CreatedSession, SessionInfo, SessionStatusInfo } from "../../src/api/session-info.js";
import { AS_CLIENT, openHandler } from "./fixtures.js";
import { readResponse, serve, toFetchRequest } from "./servers.js";

const LIST = { method: "GET", path: "/sessions/list", headers: AS_CLIENT } as const;

describe("answers", () => {
  it("give the webhook's secret on create, once, and only when there is a webhook", async () => {
    const { handler } = openHandler();
    const send = async (method: string, path: string, body?: object) => {
      const request = { method, path, headers: AS_CLIENT, body: body && JSON.stringify(body) };
      return readResponse(await handler.fetch(toFetchRequest(request)));
    };
    const created = await send("POST", "/sessions/create", { name: "a", webhookUrl: "http://127.0.0.1:1/" });
    const body = createdSessionResponseSchema.parse(JSON.parse(created.text));
    expect(body.webhookSecret).toMatch(/^whsec_/);
    for (const path of [`/sessions/${body.id}/info`, `/sessions/${body.id}/status`, "/sessions/list"]) {
      expect((await send("GET", path)).text).not.toContain("whsec_");
    }
    const without = await send("POST", "/sessions/create", { name: "b" });
    expect(JSON.parse(without.text)).not.toHaveProperty("webhookSecret");
  });

  it("show the detail behind a status in info, status and list", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    await manager.connect(id);
    await manager.link(id);
    await manager.drop(id);
    const detail = { state: "waiting", reason: "network", attempt: 1, until: "2030-01-01T00:01:00.000Z" };
    for (const path of [`/sessions/${id}/info`, `/sessions/${id}/status`, "/sessions/list"]) {
      const response = await handler.fetch(toFetchRequest({ ...LIST, path }));
      const body: unknown = await response.json();
      expect(Array.isArray(body) ? (body as unknown[])[0] : body, path).toMatchObject({ detail });
    }
  });

  it("copy nothing from a session but what the contract names", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    const leaky = {
      creds: "secret",
      proxy: { password: "secret" },
      webhookSecret: "secret",
      desired: "online",
    };
    const real = { get: manager.get.bind(manager), getStatus: manager.getStatus.bind(manager) };
    const leak = <T extends { detail: object }>(info: T): T => ({
      ...info,
      ...leaky,
      detail: { ...info.detail, ...leaky },
    });
    manager.get = async (of): Promise<SessionInfo> => leak(await real.get(of));
    manager.getStatus = async (of): Promise<SessionStatusInfo> => leak(await real.getStatus(of));
    manager.list = async () => [leak(await real.get(id))];
    manager.create = async (): Promise<CreatedSession> => ({
      ...leak(await real.get(id)),
      webhookSecret: "whsec_x",
    });
    const asked = [
      { ...LIST, path: `/sessions/${id}/info` },
      { ...LIST, path: `/sessions/${id}/status` },
      LIST,
      { ...LIST, method: "POST", path: "/sessions/create", body: `{"name":"b"}` },
    ];
    for (const request of asked) {
      const response = await handler.fetch(toFetchRequest(request));
      expect(await response.text(), request.path).not.toMatch(/secret"|creds|desired|proxy/);
    }
  });

  it("keep to three forms of qr: none has a message while connecting, not even before the first code", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    await manager.connect(id);
    manager.getQRCode = async () => ({ id, qrCode: null, status: "connecting" });
    const response = await handler.fetch(toFetchRequest({ ...LIST, path: `/sessions/${id}/qr` }));
    expect(await response.text()).toBe(JSON.stringify({ id, qrCode: null, status: "connecting" }));
  });

  it("have a schema on every route, and routes a name of their own", () => {
    expect(ROUTES).toHaveLength(11);
    expect(new Set(ROUTES.map(({ operation }) => operation)).size).toBe(11);
    expect(ROUTES.filter(({ request }) => request !== undefined).map(({ operation }) => operation)).toEqual([
      "createSession",
      "pairPhone",
    ]);
    expect(sessionResponseSchema.safeParse({}).success).toBe(false);
  });
});

describe("answers on a response that is not ours alone", () => {
  it("keep the headers and cookies that middleware before us has set", async () => {
    const { handler } = openHandler();
    const app = express().use((_request, response, next) => {
      response.setHeader("access-control-allow-origin", "*");
      response.append("set-cookie", "a=1").append("set-cookie", "b=2");
      next();
    });
    const server = await serve(app.use(handler.node));
    try {
      const { headers } = await server.send(LIST);
      expect(headers).toMatchObject({ "access-control-allow-origin": "*", "set-cookie": ["a=1", "b=2"] });
    } finally {
      await server.close();
    }
  });

  it("are dropped when the host has begun to answer meanwhile, and leave that answer whole", async () => {
    const { handler, manager, logger } = openHandler();
    const server = await serve((request, response) => {
      manager.list = async () => {
        response.writeHead(503);
        response.write("too ");
        return [];
      };
      void handler.node(request, response).then(() => response.end("late"));
    });
    try {
      expect(await server.send(LIST)).toMatchObject({ status: 503, text: "too late" });
      expect(logger.lines).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it("are dropped when the client has left, whose command is carried out all the same", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "a" });
    let settled: Promise<void> | undefined;
    const server = await serve((request, response) => {
      const connect = manager.connect.bind(manager);
      manager.connect = async (of) => {
        request.socket.destroy();
        await once(response, "close");
        await connect(of);
      };
      settled = handler.node(request, response);
    });
    try {
      const request = { method: "POST", path: `/sessions/${id}/connect`, headers: AS_CLIENT };
      await expect(server.send(request)).rejects.toThrow();
      await expect(settled).resolves.toBeUndefined();
      expect((await manager.getStatus(id)).status).toBe("connecting");
    } finally {
      await server.close();
    }
  });

  it("do not wait for the request's own close, which comes early", async () => {
    const { handler, manager } = openHandler();
    const server = await serve((request, response) => {
      const create = manager.create.bind(manager);
      manager.create = async (input) => {
        if (!request.destroyed) await once(request, "close");
        return create(input);
      };
      void handler.node(request, response);
    });
    try {
      const request = { ...LIST, method: "POST", path: "/sessions/create", body: `{"name":"a"}` };
      expect((await server.send(request)).status).toBe(201);
    } finally {
      await server.close();
    }
  });

  it("end the connection when a hook of the host's makes writing fail, and nothing rejects", async () => {
    const { handler } = openHandler();
    let settled: Promise<void> | undefined;
    const server = await serve((request, response) => {
      response.writeHead = () => {
        throw new Error("of a hook");
      };
      settled = handler.node(request, response);
    });
    try {
      await expect(server.send(LIST)).rejects.toThrow();
      await expect(settled).resolves.toBeUndefined();
    } finally {
      await server.close();
    }
  });
});
