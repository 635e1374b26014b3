/** Uploads, as Baileys 7 sends them: whatever their host answers is within bounds, and an end that the library hears. */
import { Agent, createServer, request, type ClientRequest, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProxyAgent } from "../../src/egress/proxy-agent.js";
import { UploadAgent } from "../../src/egress/upload-agent.js";
import { TestProxy } from "../support/proxies.js";
import { answers, flood, HostileServer, silent, type Behaviour } from "./hostile.js";

/** What was sent; a file stays open until its stream is destroyed. */
const files: Readable[] = [];

function* fileOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= 1_000) yield Buffer.alloc(1_000);
}

const HEAD = "HTTP/1.1 200 OK\r\n";
const bounds = { maxBytes: 100_000, totalMs: 400 };

/** As the library sends it, and adds up the answer. */
function upload(port: number, agent: Agent, bytes = 1_000_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request({ host: "127.0.0.1", port, agent, method: "POST" }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(body));
    });
    sent.on("error", reject);
    files.push(Readable.from(fileOf(bytes)));
    files.at(-1)?.pipe(sent);
  });
}

const drip: Behaviour = (socket) => {
  socket.write(`${HEAD}Content-Length: 9000\r\n\r\n`);
  const timer = setInterval(() => socket.write("a"), 20);
  socket.once("close", () => clearInterval(timer));
};
const cut: Behaviour = (socket) =>
  socket.once("data", () => socket.end(`${HEAD}Content-Length: 9\r\n\r\nabc`));
const reset: Behaviour = (socket) =>
  socket.once("data", () => {
    socket.write(`${HEAD}Content-Length: 9\r\n\r\nabc`);
    setTimeout(() => socket.resetAndDestroy(), 20);
  });

const CASES: readonly (readonly [string, Behaviour, string])[] = [
  ["says nothing", silent, "did not answer within 400 ms"],
  ["drips for ever", drip, "did not answer within 400 ms"],
  ["answers without an end", flood(`${HEAD}\r\n`), "larger than 100000 bytes"],
  ["answers with endless headers", flood(HEAD, `a: ${"b".repeat(1_000)}\r\n`), "Header overflow"],
  [
    "says for ever that it goes on",
    flood("", "HTTP/1.1 102 Processing\r\n\r\n".repeat(2_000)),
    "interim answers",
  ],
  ["answers garbage", answers("garbage\r\n\r\n"), "Parse Error"],
  ["breaks off its answer", cut, "broke off its answer"],
  ["resets the connection in its answer", reset, "broke off|ECONNRESET|aborted"],
  ["hangs up", (socket) => void socket.end(), "socket hang up|ECONNRESET|EPIPE"],
];

describe.each(["directly", "through a proxy"])("the host of an upload, %s,", (way) => {
  let proxy: TestProxy | undefined;
  let agent: UploadAgent;
  beforeEach(async () => {
    proxy = way === "directly" ? undefined : await TestProxy.http();
    const inner = proxy ? new ProxyAgent(proxy.config, { allowPrivate: true }) : new Agent();
    agent = new UploadAgent(inner, bounds);
  });
  afterEach(async () => {
    agent.destroy();
    await proxy?.die();
  });

  it.each(CASES)("%s: the upload fails, and the connection is gone", async (_what, behaviour, text) => {
    await using host = await HostileServer.start(behaviour);
    await expect(upload(host.port, agent)).rejects.toThrow(new RegExp(text));
    await expect.poll(() => host.open).toBe(0);
    await expect.poll(() => files.at(-1)?.destroyed).toBe(true);
  });

  it("is heard when it answers", async () => {
    const server: Server = createServer((incoming, response) => {
      incoming.resume().once("end", () => response.end('{"url":"a"}'));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    expect(await upload((server.address() as AddressInfo).port, agent)).toBe('{"url":"a"}');
    server.closeAllConnections();
    server.close();
  });
});
