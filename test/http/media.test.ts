/** Bytes that are streamed, through every server; and what a download is over HTTP, whoever sent it. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ZpwootError } from "../../src/errors.js";
import { createHttpHandler } from "../../src/http/index.js";
import { AS_CLIENT, KEY, openHandler, ROUTE_BODIES } from "./fixtures.js";
import { inMemoryMedia } from "./in-memory-calls.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { SERVERS, toFetchRequest, type RunningServer, type WireRequest } from "./servers.js";

const PIECES = Array.from({ length: 40 }, () => randomBytes(65_000));
const WHOLE = Buffer.concat(PIECES);

const requestFor = (id: string, more: Partial<WireRequest> = {}): WireRequest => ({
  ...{ method: "POST", path: `/sessions/${id}/media`, headers: AS_CLIENT },
  body: JSON.stringify(ROUTE_BODIES["downloadMedia"]),
  ...more,
});

describe.each(SERVERS)("media through $name", (kind) => {
  let manager: InMemorySessions;
  let server: RunningServer;
  let id: string;
  let discarded: Promise<void>;
  beforeEach(async () => {
    manager = new InMemorySessions();
    server = await kind.listen(createHttpHandler(manager, { apiKeys: KEY }));
    ({ id } = await manager.create({ name: "it" }));
  });
  afterEach(() => server.close());

  function media(change: Partial<InMemorySessions["media"]> = {}): void {
    discarded = new Promise((resolve) => {
      manager.media = { ...inMemoryMedia(PIECES), discard: resolve, ...change };
    });
  }

  it("comes byte for byte, with its type and its length", async () => {
    media();
    const { status, headers, bytes } = await server.send(requestFor(id));
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      ...{ "content-type": "image/jpeg", "content-length": String(WHOLE.length) },
      ...{ "content-disposition": "attachment", "x-content-type-options": "nosniff" },
    });
    expect(bytes.equals(WHOLE)).toBe(true);
    await discarded;
  });

  it("comes byte for byte when its length is not known", async () => {
    media({ bytes: null, mimetype: null, fileName: "a (1) résumé.pdf" });
    const { headers, bytes } = await server.send(requestFor(id));
    expect(headers).not.toHaveProperty("content-length");
    expect(headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename*=UTF-8''a%20%281%29%20r%C3%A9sum%C3%A9.pdf",
    });
    expect(bytes.equals(WHOLE)).toBe(true);
  });

  it.each([null, WHOLE.length])("breaks off when it fails in the middle (length %s)", async (bytes) => {
    media({
      bytes,
      body: (async function* () {
        yield* PIECES.slice(0, 3);
        throw new ZpwootError("CONNECTION_FAILED", "it is not what the message announces");
      })(),
    });
    const outcome = await server.send(requestFor(id)).then(({ bytes: got }) => got.length, String);
    expect(outcome).toMatch(/aborted|terminated|reset|broke off|socket hang up/);
    await discarded;
  });

  it("is dropped when its client leaves", async () => {
    let given = 0;
    media({
      bytes: null,
      body: (async function* () {
        for (;;) {
          given += 1;
          yield PIECES[0] ?? Buffer.alloc(1);
        }
      })(),
    });
    const { bytes } = await server.send(requestFor(id, { leaveAfter: 100_000 }));
    expect(bytes.length).toBeGreaterThanOrEqual(100_000);
    await discarded;
    expect(given).toBeLessThan(1_000);
  });
});

describe("a download over HTTP", () => {
  it("is let go when its client left before its first byte", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "it" });
    const discarded = new Promise<void>((resolve) => {
      manager.media = { ...inMemoryMedia(PIECES), discard: () => resolve() };
    });
    const server = createServer((request, response) => void handler.node(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const open = manager.openMedia.bind(manager);
    const left = new Promise<void>((resolve) =>
      server.on("connection", (socket) => socket.on("close", resolve)),
    );
    const isAsked = new Promise<void>((resolve) => {
      manager.openMedia = async (session) => {
        resolve();
        await left;
        return open(session);
      };
    });
    const { port } = server.address() as AddressInfo;
    const { method, path, headers, body } = requestFor(id);
    const asked = sendRequest({ port, method, path, headers: { ...headers } });
    asked.on("error", () => {});
    asked.end(body);
    await isAsked;
    asked.destroy();
    await discarded;
    server.close();
  });

  it.each([
    ["CONNECTION_FAILED", 502],
    ["INVALID_INPUT", 400],
    ["TIMEOUT", 504],
    ["SESSION_NOT_FOUND", 404],
  ] as const)("that can't start is answered as JSON: %s with %i", async (code, status) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "it" });
    manager.throwing.set("openMedia", new ZpwootError(code, "The media could not be downloaded"));
    const response = await handler.fetch(toFetchRequest(requestFor(id)));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ statusCode: status });
  });

  it.each([
    [{}, "message must be the content of a message, as messages.upsert has it"],
    [{ message: "hello" }, "message must be the content of a message, as messages.upsert has it"],
    [{ message: {}, key: 1 }, "key must be the key of a message"],
  ])("of %j names what is wrong", async (body, sentence) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "it" });
    const response = await handler.fetch(toFetchRequest(requestFor(id, { body: JSON.stringify(body) })));
    expect(await response.json()).toEqual({ statusCode: 400, message: [sentence], error: "Bad Request" });
  });

  it("ends within a second when the key of who reads it is revoked", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "it" });
    const { key, id: keyId } = await manager.apiKeys.create({ name: "operator", role: "operator" });
    manager.media = {
      ...inMemoryMedia([]),
      bytes: null,
      body: (async function* () {
        for (;;) {
          yield Buffer.from("more");
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })(),
    };
    const headers = { ...AS_CLIENT, "x-api-key": key };
    const response = await handler.fetch(toFetchRequest(requestFor(id, { headers })));
    const read = response.arrayBuffer();
    const startedAt = performance.now();
    await manager.apiKeys.revoke(keyId);
    await expect(read).rejects.toThrow("broke off");
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });
});
