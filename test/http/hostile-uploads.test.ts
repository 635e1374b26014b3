/** Forms that are cut, slow, huge, or sent by somebody else; and hosts that read them first. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import express from "express";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHttpHandler, type HttpHandlerOptions } from "../../src/http/index.js";
import { openForm } from "../../src/http/protocol/form.js";
import type { HttpRequest } from "../../src/http/protocol/message.js";
import { KEY, RecordingLogger } from "./fixtures.js";
import { END, formOf, headOf, IMAGE, MULTIPART, partOf, ReadingSessions } from "./forms.js";
import { serve, toFetchRequest, type WireRequest } from "./servers.js";

const MIB = 1024 * 1024;

/** A server with a session that is connected. */
async function open(options: HttpHandlerOptions = {}, before: readonly express.RequestHandler[] = []) {
  const manager = new ReadingSessions();
  const logger = new RecordingLogger();
  const handler = createHttpHandler(manager, { apiKeys: KEY, logger, ...options });
  const app = express().use(...before, handler.node);
  const server = await serve(
    before.length > 0 ? app : (request, response) => void handler.node(request, response),
  );
  const id = await manager.connected();
  const path = `/sessions/${id}/messages`;
  const headers = {
    ...{ "content-type": MULTIPART },
    ...(options.apiKeys === false ? {} : { "x-api-key": KEY }),
  };
  const request = (body: Uint8Array, more: WireRequest["headers"] = {}): WireRequest => ({
    ...{ method: "POST", path, body, headers: { ...headers, ...more } },
  });
  /** A client that has sent the head of a request with so many bytes to come. */
  const client = (bytes: number, key = KEY): Socket => {
    const socket = connect(server.port, "127.0.0.1").on("error", () => {});
    const lines = [`POST ${path} HTTP/1.1`, "Host: x", `X-API-Key: ${key}`, `Content-Type: ${MULTIPART}`];
    socket.write([...lines, `Content-Length: ${bytes}`, "", ""].join("\r\n"));
    return socket;
  };
  return {
    ...{ manager, logger, handler, server, request, client, path },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** How reading a file ends. */
function endOf(manager: ReadingSessions): { begun: Promise<void>; ended: Promise<unknown> } {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<unknown>((resolve) => {
    manager.reads = async (file) => {
      begin();
      try {
        for await (const _ of file);
        resolve("whole");
      } catch (error) {
        resolve(error);
        throw error;
      }
      return Buffer.alloc(0);
    };
  });
  return { begun, ended };
}

describe("a form over node:http", () => {
  it("that is cut off in its file fails for who reads it, wherever that is", async () => {
    await using at = await open();
    const file = Buffer.alloc(200_000, "x");
    const form = formOf(IMAGE, file);
    // In the file, in its last boundary, and one byte before the end of the form.
    for (const sent of [headOf(IMAGE).length + 70_000, form.length - END.length + 3, form.length - 4]) {
      const { begun, ended } = endOf(at.manager);
      const socket = at.client(form.length);
      socket.write(form.subarray(0, sent));
      await begun;
      socket.destroy();
      expect(await ended).toBeInstanceOf(Error);
    }
    expect(at.manager.sent).toEqual([]);
  });

  it("is taken no faster than it is read, and a large one goes through whole", async () => {
    await using at = await open();
    const pieces = 256;
    const piece = Buffer.alloc(MIB, "0123456789");
    const digest = createHash("sha256");
    let [bytes, readable] = [0, (): void => {}];
    const isOpen = new Promise<void>((resolve) => (readable = resolve));
    let begun = (): void => {};
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    at.manager.reads = async (file) => {
      begun();
      await isOpen;
      for await (const chunk of file as AsyncIterable<Buffer>) {
        digest.update(chunk);
        bytes += chunk.length;
      }
      return Buffer.alloc(0);
    };
    const head = headOf(IMAGE);
    const tail = Buffer.concat([Buffer.from("\r\n"), END]);
    const socket = at.client(head.length + pieces * MIB + tail.length);
    const sending = (async () => {
      socket.write(head);
      for (let n = 0; n < pieces; n += 1) if (!socket.write(piece)) await once(socket, "drain");
      socket.write(tail);
    })();
    await isBegun;
    // What the kernel and the streams between take, and then no more.
    const written = (): number => socket.bytesWritten;
    let before = -1;
    await expect
      .poll(() => written() === before || ((before = written()), false), { interval: 300, timeout: 10_000 })
      .toBe(true);
    expect(written()).toBeLessThan(32 * MIB);
    const memory = process.memoryUsage().rss;
    readable();
    const [answer] = (await once(socket, "data")) as [Buffer];
    await sending;
    expect(answer.toString()).toMatch(/^HTTP\/1.1 201 /);
    expect(bytes).toBe(pieces * MIB);
    const expected = createHash("sha256");
    for (let n = 0; n < pieces; n += 1) expected.update(piece);
    expect(digest.digest("hex")).toBe(expected.digest("hex"));
    expect(process.memoryUsage().rss - memory).toBeLessThan(128 * MIB);
    socket.destroy();
  });

  it("is refused with 413 before it comes when it is larger than any file, and while it comes when its message is too large", async () => {
    await using at = await open();
    const socket = at.client(3 * 1024 * MIB);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
    const form = Buffer.concat([partOf("message", " ".repeat(2 * MIB)), partOf("file", "x"), END]);
    expect((await at.server.send(at.request(form))).status).toBe(413);
    expect(at.manager.sent).toEqual([]);
  });

  it.each(["gzip", "br"])("is refused when it is compressed with %s", async (encoding) => {
    await using at = await open();
    const { status } = await at.server.send(at.request(formOf(IMAGE, "x"), { "content-encoding": encoding }));
    expect(status).toBe(415);
  });

  it("ends within a second when the key of who sends it is revoked, and its file with it", async () => {
    await using at = await open();
    const { key, id } = await at.manager.apiKeys.create({ name: "operator", role: "operator" });
    const { begun, ended } = endOf(at.manager);
    const socket = at.client(10 * MIB, key);
    socket.write(Buffer.concat([headOf(IMAGE), Buffer.alloc(100_000)]));
    await begun;
    await at.manager.apiKeys.revoke(id);
    const revokedAt = performance.now();
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /);
    expect(await ended).toBeInstanceOf(Error);
    expect(at.manager.sent).toEqual([]);
    socket.destroy();
  });

  it("leaves nothing of its message in a log", async () => {
    await using at = await open({ logRequests: true });
    at.manager.throwing.set("sendMessage", new Error("unexpected"));
    const message = { ...IMAGE, content: { ...IMAGE.content, caption: "a secret text" } };
    const { status } = await at.server.send(at.request(formOf(message, "secret bytes")));
    expect(status).toBe(500);
    expect(at.logger.text).toContain("sendMessage");
    expect(at.logger.text).not.toContain("secret");
  });
});

describe("a form that does not come", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A request whose body comes as `give` is called. */
  function dripping(): { readonly request: HttpRequest; give: (piece: Uint8Array) => Promise<void> } {
    let give: (piece: Uint8Array) => Promise<void> = async () => {};
    const request: HttpRequest = {
      ...{ method: "POST", path: "/", originalPath: "/", query: "" },
      header: (name) => (name === "content-type" ? MULTIPART : undefined),
      readBody: async () => expect.fail("a form is read piece by piece"),
      pipeBody: (take, signal) => {
        give = take;
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        );
      },
    };
    return { request, give: (piece) => give(piece) };
  }

  const LATE = { response: { status: 408, closeConnection: true } };

  it("is waited for 15 s without a byte, then answered 408 on a connection that ends", async () => {
    const { request, give } = dripping();
    const form = openForm(request);
    await give(headOf(IMAGE));
    await vi.advanceTimersByTimeAsync(14_000);
    await give(Buffer.from("a byte"));
    await vi.advanceTimersByTimeAsync(14_000);
    expect(form.failure).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    await form.ended;
    expect(form.failure).toMatchObject(LATE);
    expect(form.file.destroyed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has 30 s for its message, however many bytes come", async () => {
    const { request, give } = dripping();
    const form = openForm(request);
    const message = expect(form.message).rejects.toMatchObject(LATE);
    const [name = ""] = headOf(IMAGE).toString().split("+55");
    await give(Buffer.from(name));
    for (let second = 0; second < 30 && form.failure === undefined; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      if (form.failure === undefined) await give(Buffer.from("1"));
    }
    await message;
    await form.ended;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not hold its client to blame for who reads slowly", async () => {
    const { request, give } = dripping();
    const form = openForm(request);
    await give(headOf(IMAGE));
    await give(Buffer.alloc(MIB));
    const given = give(Buffer.alloc(MIB));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(form.failure).toBeUndefined();
    form.file.resume();
    await given;
    form.close();
    await form.ended;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a form from a web page, where no key is asked for", () => {
  const FORBIDDEN = 403;
  it.each([
    ["of another site", { origin: "https://evil.example" }, FORBIDDEN],
    [
      "of another site with credentials of its own",
      { origin: "null", authorization: "Basic eDp5" },
      FORBIDDEN,
    ],
    ["of another site, in its own words", { "sec-fetch-site": "cross-site" }, FORBIDDEN],
    ["of the same site, but another origin", { "sec-fetch-site": "same-site" }, FORBIDDEN],
    ["of this server", { origin: "http://localhost", "sec-fetch-site": "same-origin" }, 201],
    ["that was allowed to set a header", { origin: "https://our.example", "x-requested-with": "x" }, 201],
    ["that was allowed to name its message", { origin: "https://our.example", "idempotency-key": "k" }, 201],
    ["that is none: a program", {}, 201],
  ] as const)("%s", async (_case, headers, status) => {
    await using at = await open({ apiKeys: false });
    const answer = await at.server.send(at.request(formOf(IMAGE, "x"), headers));
    expect(answer.status).toBe(status);
    if (status === FORBIDDEN) expect(answer.text).toContain("X-Requested-With, with any value");
    expect(at.manager.sent).toHaveLength(status === FORBIDDEN ? 0 : 1);
  });

  it("needs nothing but the key where there are keys", async () => {
    await using at = await open();
    const answer = await at.server.send(
      at.request(formOf(IMAGE, "x"), { origin: "https://our.example", "sec-fetch-site": "cross-site" }),
    );
    expect(answer.status).toBe(201);
  });
});

describe("a form that the host has read", () => {
  const READ = "The form was read before zpwoot's handler ran";
  const swallow: express.RequestHandler = (request, _response, next) => {
    request.on("end", () => next()).resume();
  };
  const asFields: express.RequestHandler = (request, response, next) => {
    request.body = { message: JSON.stringify(IMAGE) };
    swallow(request, response, next);
  };

  it.each([
    ["and left nothing of", [swallow]],
    ["and left as fields, as multer does", [asFields]],
    ["as text, in which bytes are lost", [express.text({ type: "*/*" })]],
  ])("%s is answered with what to do, and logged", async (_case, before) => {
    await using at = await open({}, before);
    const { status, text } = await at.server.send(at.request(formOf(IMAGE, "x")));
    expect(status).toBe(500);
    expect(text).toContain(READ);
    expect(at.logger.text).toContain(READ);
    expect(at.manager.sent).toEqual([]);
  });

  it("as bytes is as good as one that nobody has read", async () => {
    await using at = await open({}, [express.raw({ type: "*/*" })]);
    expect((await at.server.send(at.request(formOf(IMAGE, "bytes")))).status).toBe(201);
    expect(at.manager.sent[0]?.bytes.toString()).toBe("bytes");
  });

  it("through fetch is answered in the same way", async () => {
    await using at = await open();
    const request = toFetchRequest(at.request(formOf(IMAGE, "x")));
    await request.arrayBuffer();
    const response = await at.handler.fetch(request);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain(READ);
  });
});
