/** Every kind of server the adapter is mounted on in tests, behind one way to send it requests. */
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { HttpHandler } from "../../src/http/index.js";

/** One request as it goes over the wire; nothing is added but the length of the body. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** One answer as it came. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
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

/** Sends one request over a socket of its own agent and reads the whole answer. */
export function sendOver(agent: http.Agent, port: number, request: WireRequest): Promise<WireAnswer> {
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
      incoming.on("error", reject);
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
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
export async function readResponse(response: Response): Promise<WireAnswer> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  };
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
    send: async (request) => readResponse(await handler.fetch(toFetchRequest(request))),
    close: async () => undefined,
  }),
};

/** Node's own server. */
export const nodeHttp: ServerKind = {
  name: "node:http",
  listen: async (handler) => serve((request, response) => void handler.node(request, response)),
};

/** Express 5 with the handler first. */
export const express5: ServerKind = {
  name: "Express 5",
  listen: async (handler) => serve(express().use(handler.node)),
};

/** Express 5 with body parsers before the handler. */
export const express5AfterJson: ServerKind = {
  name: "Express 5 after express.json()",
  listen: async (handler) => serve(express().use(express.json(), handler.node, handler.nodeError)),
};

/** Express 5 with the handler under a mount path, after a body parser. */
export const express5UnderPrefix: ServerKind = {
  name: "Express 5 under /api/v1",
  listen: async (handler) =>
    serve(express().use(express.json()).use("/api/v1", handler.node, handler.nodeError), "/api/v1"),
};

/** All of them. */
export const SERVERS: readonly ServerKind[] = [
  fetchBridge,
  nodeHttp,
  express5,
  express5AfterJson,
  express5UnderPrefix,
];
