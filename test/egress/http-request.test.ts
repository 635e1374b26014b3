/** Whatever a server does: a request ends within its bounds, and its connection with it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo, LookupFunction } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { readAll, sendRequest, type OutgoingRequest } from "../../src/egress/http-request.js";
import { answers, flood, HostileServer, silent, type Behaviour } from "./hostile.js";

const limits = { headersMs: 300, idleMs: 300, totalMs: 600, maxBytes: 100_000 };

async function read(request: Partial<OutgoingRequest> & { readonly url: string }): Promise<Buffer> {
  return readAll(await sendRequest({ allowPrivate: true, limits, ...request }));
}

const HEAD = "HTTP/1.1 200 OK\r\n";
const CASES: readonly (readonly [string, Behaviour, RegExp])[] = [
  ["says nothing", silent, /within 300 ms/],
  ["floods its header", flood(`${HEAD}X: `), /header/i],
  ["sends garbage", answers("no HTTP at all\r\n\r\n"), /Parse Error/],
  ["never ends its body", flood(`${HEAD}\r\n`), /larger than 100000 bytes/],
  ["announces too large a body", answers(`${HEAD}content-length: 9999999\r\n\r\n`), /larger than 100000/],
  ["stops in the middle", answers(`${HEAD}content-length: 1000\r\n\r\nabc`), /within 300 ms/],
  ["cuts in the middle", cut, /aborted|ECONNRESET/],
  ["resets", (socket) => void socket.once("data", () => socket.resetAndDestroy()), /ECONNRESET|hang up/],
  ["closes without an answer", (socket) => void socket.once("data", () => socket.end()), /hang up/],
  ["drips for ever", drip, /within 600 ms/],
  [
    "says for ever that it goes on",
    flood("", "HTTP/1.1 102 Processing\r\n\r\n".repeat(2_000)),
    /interim answers/,
  ],
];

function cut(socket: Parameters<Behaviour>[0]): void {
  socket.once("data", () => socket.end(`${HEAD}content-length: 1000\r\n\r\nabc`));
}

function drip(socket: Parameters<Behaviour>[0]): void {
  socket.once("data", () => socket.write(`${HEAD}content-length: 90000\r\n\r\n`));
  const timer = setInterval(() => socket.write("a"), 50);
  socket.once("close", () => clearInterval(timer));
}

describe("a server that misbehaves", () => {
  it.each(CASES)("%s", async (_what, behaviour, error) => {
    await using server = await HostileServer.start(behaviour);
    const startedAt = performance.now();
    await expect(read({ url: `http://127.0.0.1:${server.port}/` })).rejects.toThrow(error);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(() => server.open).toBe(0);
  });

  it("takes no upload: the stream is destroyed with the request", async () => {
    await using server = await HostileServer.start(silent);
    const body = new PassThrough();
    body.write("begun");
    await expect(read({ url: `http://127.0.0.1:${server.port}/`, method: "POST", body })).rejects.toThrow(
      /within 300 ms/,
    );
    await expect.poll(() => body.destroyed).toBe(true);
    await expect.poll(() => server.open).toBe(0);
  });

  it("never answers a TLS handshake, with an upload behind it: the longest silence is as long as ever", async () => {
    await using server = await HostileServer.start(silent);
    const startedAt = performance.now();
    await expect(
      read({
        url: `https://127.0.0.1:${server.port}/`,
        method: "POST",
        body: Buffer.alloc(1_000),
        limits: { headersMs: 9_000, idleMs: 1_000, totalMs: 9_000, maxBytes: 1_000 },
      }),
    ).rejects.toThrow(/within 1000 ms/);
    // Node's own time-out waits a second time for what could not be sent.
    expect(performance.now() - startedAt).toBeLessThan(1_700);
    await expect.poll(() => server.open).toBe(0);
  });

  it("is left at once when the caller gives up", async () => {
    await using server = await HostileServer.start(silent);
    const ending = new AbortController();
    const reading = read({ url: `http://127.0.0.1:${server.port}/`, signal: ending.signal });
    const refused = expect(reading).rejects.toThrow("no longer wanted");
    await expect.poll(() => server.open).toBe(1);
    ending.abort(new Error("no longer wanted"));
    await refused;
    await expect.poll(() => server.open).toBe(0);
  });
});

async function webServer(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("where a request may go", () => {
  const toPrivate: LookupFunction = (_host, _options, callback) =>
    callback(null, [{ address: "127.0.0.1", family: 4 }]);

  it("not to a private address, written out or resolved", async () => {
    await using inside = await webServer((_request, response) => response.end("secret"));
    const refused = { code: "TARGET_REFUSED" };
    await expect(read({ url: inside.url, allowPrivate: false })).rejects.toMatchObject(refused);
    await expect(
      read({ url: `http://media.example:${inside.port}/`, allowPrivate: false, lookup: toPrivate }),
    ).rejects.toMatchObject(refused);
    await expect(read({ url: "file:///etc/passwd" })).rejects.toMatchObject(refused);
  });

  it("not through a redirect either; a trusted host may lead anywhere, its redirects may not", async () => {
    await using inside = await webServer((_request, response) => response.end("secret"));
    await using outside = await webServer((_request, response) => {
      response.writeHead(302, { location: inside.url }).end();
    });
    const request = {
      url: `http://media.example:${outside.port}/`,
      allowPrivate: false,
      lookup: toPrivate,
      trustedHosts: new Set(["media.example"]),
    };
    await expect(read({ ...request, limits: { ...limits, redirects: 3 } })).rejects.toMatchObject({
      code: "TARGET_REFUSED",
    });
    const answer = await sendRequest({ ...request, limits });
    expect(answer.status).toBe(302);
    answer.discard();
  });

  it("follows as many redirects as allowed", async () => {
    await using server = await webServer(({ url = "" }, response) => {
      if (url === "/3") return response.end("there");
      return response.writeHead(307, { location: `/${Number(url.slice(1)) + 1}` }).end();
    });
    const body = await read({ url: `${server.url}/0`, limits: { ...limits, redirects: 3 } });
    expect(body.toString()).toBe("there");
    const short = await sendRequest({
      url: `${server.url}/0`,
      allowPrivate: true,
      limits: { ...limits, redirects: 2 },
    });
    expect(short.status).toBe(307);
    short.discard();
  });
});
