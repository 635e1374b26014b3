import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { HttpTransport, type PostResponse } from "../../src/webhooks/transport.js";
import { Receiver } from "./receiver.js";

const KIB = 1024;

/** A transport to private targets that reads little of an answer, and closes with the test. */
function transport(): HttpTransport & Disposable {
  const made = new HttpTransport({ allowPrivateTargets: true, maxResponseBytes: 64 * KIB });
  return Object.assign(made, { [Symbol.dispose]: () => made.close() });
}

interface PostOptions {
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function post(through: HttpTransport, url: string, options: PostOptions = {}): Promise<PostResponse> {
  const { body = "{}", timeoutMs = 5_000, signal = new AbortController().signal } = options;
  return through.post({ url, headers: {}, body, timeoutMs, signal });
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("a POST", () => {
  it("settles with the status and the Retry-After of the answer", async () => {
    await using receiver = await Receiver.start();
    using http = transport();
    receiver.answer = () => ({ status: 503, headers: { "retry-after": "7" }, body: "busy" });
    expect(await post(http, receiver.url)).toEqual({ status: 503, retryAfter: "7" });
  });

  it("uses the connection of the one before", async () => {
    await using receiver = await Receiver.start();
    using http = transport();
    receiver.answer = () => ({ status: 200, body: "ok" });
    for (let n = 0; n < 50; n += 1) await post(http, receiver.url);
    expect(receiver.connections).toBe(1);
  });

  it("counts a big answer by its status, and drops the connection instead of reading it", async () => {
    let written = 0;
    let dropped = false;
    const flood = (socket: Socket): void => {
      socket.on("error", () => {}).on("close", () => (dropped = true));
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
        const chunk = Buffer.alloc(64 * KIB);
        const more = (): void => {
          while (!socket.destroyed && socket.write(chunk)) written += chunk.length;
          written += chunk.length;
        };
        socket.on("drain", more);
        more();
      });
    };
    const server = createServer(flood);
    const url = await listening(server);
    using http = transport();
    expect((await post(http, url)).status).toBe(200);
    await expect.poll(() => dropped).toBe(true);
    expect(written).toBeLessThan(100_000_000);
    server.close();
  });

  it("holds one connection at a time to a receiver whose answers never end", async () => {
    await using receiver = await Receiver.start();
    using http = transport();
    receiver.answer = () => ({ status: 200, endless: true });
    const begun = performance.now();
    expect((await post(http, receiver.url)).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(900);
    expect((await post(http, receiver.url, { timeoutMs: 50 })).status, "the status came in time").toBe(200);
  });

  it("counts the status also when the receiver breaks the connection in the middle of the answer", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"));
    });
    const half = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", () => socket.resetAndDestroy()),
      );
    });
    using http = transport();
    expect((await post(http, await listening(server))).status).toBe(204);
    expect((await post(http, await listening(half))).status).toBe(200);
    server.close();
    half.close();
  });

  it("is made again when an idle connection was closed in the moment of its reuse", async () => {
    await using receiver = await Receiver.start();
    using http = transport();
    // The first connection dies at its second request, before any answer: for the client that is a stale connection.
    receiver.answer = (_, index) => (index === 1 ? "reset" : 204);
    await post(http, receiver.url);
    expect((await post(http, receiver.url)).status).toBe(204);
    expect(receiver.connections).toBe(2);
    expect(receiver.received).toHaveLength(3);
  });

  it.each([
    ["nothing at all", () => {}, "no answer within 60 ms"],
    ["half a head", (socket: Socket) => socket.write("HTTP/1.1 20"), "no answer within 60 ms"],
    ["garbage", (socket: Socket) => socket.write("garbage\r\n\r\n"), /^the connection failed/],
    ["the end", (socket: Socket) => socket.end(), /^the connection failed/],
  ])("rejects when the receiver sends %s", async (_, answer, reason) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      socket.once("data", () => answer(socket));
    });
    using http = transport();
    await expect(post(http, await listening(server), { timeoutMs: 60 })).rejects.toThrow(reason);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("rejects without the URL in the message when nobody listens", async () => {
    using http = transport();
    const failing = post(http, "http://user:password@127.0.0.1:1/secret");
    await expect(failing).rejects.toThrow(/^the connection failed \(ECONNREFUSED\)$/);
  });

  it("ends at once with its signal, one that was aborted before included", async () => {
    await using receiver = await Receiver.start();
    using http = transport();
    receiver.answer = () => "hang";
    const ending = new AbortController();
    const hanging = post(http, receiver.url, { signal: ending.signal, timeoutMs: 60_000 });
    const ended = expect(hanging).rejects.toThrow("the connection failed");
    await receiver.until(({ length }) => length === 1);
    ending.abort();
    await ended;
    await expect(post(http, receiver.url, { signal: ending.signal })).rejects.toThrow(
      "the connection failed",
    );
    expect(receiver.received).toHaveLength(1);
  });
});
