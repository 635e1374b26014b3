/** Whatever a proxy does: the dialling ends within its time, with an error of its own, and no socket is left. */
import { get } from "node:http";
import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import type { ProxyConfig } from "../../src/api/session-info.js";
import { ProxyAgent } from "../../src/egress/proxy-agent.js";
import { TestProxy } from "../support/proxies.js";
import { answers, flood, HostileServer, silent, type Behaviour } from "./hostile.js";

const DIAL_MS = 400;
const TARGET = { host: "wa.invalid", port: 443 };
const login = { username: "user", password: "word" };

type Case = readonly [
  protocol: NonNullable<ProxyConfig["protocol"]>,
  what: string,
  behaviour: Behaviour,
  error: RegExp,
];

const LATE = /did not answer within 400 ms/;
const ANY = /./;
const CASES: readonly Case[] = [
  ["http", "says nothing", silent, LATE],
  ["http", "floods a header line", flood("HTTP/1.1 200 OK\r\nX: "), /header/i],
  ["http", "floods header lines", flood("HTTP/1.1 200 OK\r\n", "X-A: b\r\n".repeat(8_000)), /header/i],
  ["http", "floods interim answers", flood("", "HTTP/1.1 102 Processing\r\n\r\n".repeat(100)), ANY],
  ["http", "refuses and floods", flood("HTTP/1.1 407 no\r\n\r\n"), /refused.*407/],
  ["http", "sends garbage", (socket) => void socket.write(Buffer.alloc(65_536, "a")), /Parse Error/],
  ["http", "sends a byte now and then", drip, LATE],
  ["http", "cuts", (socket) => void socket.once("data", () => socket.resetAndDestroy()), ANY],
  ["http", "closes", (socket) => void socket.once("data", () => socket.end()), ANY],
  ["http", "answers 101", answers("HTTP/1.1 101 x\r\n\r\n"), ANY],
  ["https", "speaks no TLS", (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n"), ANY],
  ["https", "says nothing", silent, LATE],
  ["socks5", "says nothing", silent, LATE],
  ["socks5", "floods", flood(Buffer.from([5, 0])), ANY],
  ["socks5", "has no method", answers(Buffer.from([5, 255])), ANY],
  ["socks5", "asks for a login and says nothing", answers(Buffer.from([5, 2])), LATE],
  ["socks5", "refuses the login", answers(Buffer.from([5, 2]), Buffer.from([1, 1])), /refused.*407/],
  ["socks5", "answers a short name", answers(Buffer.from([5, 0]), Buffer.from([5, 0, 0, 3, 255, 1])), LATE],
  ["socks5", "cuts", (socket) => void socket.once("data", () => socket.resetAndDestroy()), ANY],
  ["socks4", "sends garbage", (socket) => void socket.write(Buffer.alloc(100, 7)), ANY],
  ["socks4", "says nothing", silent, LATE],
];

function drip(socket: Parameters<Behaviour>[0]): void {
  socket.write("HTTP/1.1 200 OK\r\nX: ");
  const timer = setInterval(() => socket.write("a"), 20);
  socket.once("close", () => clearInterval(timer));
}

const never = new AbortController().signal;

describe("a proxy that misbehaves", () => {
  it.each(CASES)("%s: %s", async (protocol, _what, behaviour, error) => {
    await using server = await HostileServer.start(behaviour);
    const config = { protocol, host: "127.0.0.1", port: server.port, ...login };
    const agent = new ProxyAgent(config, { allowPrivate: true, dialTimeoutMs: DIAL_MS });
    const startedAt = performance.now();
    await expect(agent.dial(TARGET, never)).rejects.toThrow(error);
    expect(performance.now() - startedAt).toBeLessThan(DIAL_MS + 1_000);
    await expect.poll(() => [server.open, agent.openSockets]).toEqual([0, 0]);
  });

  it.each(["http", "socks5", "socks4"] as const)(
    "answers random bytes: no exception leaves the agent (%s)",
    async (protocol) => {
      let seed = 7;
      const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
      const speak = (socket: Parameters<Behaviour>[0]): void => {
        const bytes = Buffer.from(Array.from({ length: 1 + random(40) }, () => random(256)));
        if (random(2) === 0) bytes[0] = 5;
        if (bytes.length > 1 && random(2) === 0) bytes[1] = [0, 2, 90][random(3)] ?? 0;
        socket.write(bytes);
      };
      await using server = await HostileServer.start((socket) => {
        socket.on("data", () => speak(socket));
        setTimeout(() => socket.destroy(), 30);
      });
      const config = { protocol, host: "127.0.0.1", port: server.port, ...login };
      const agent = new ProxyAgent(config, { allowPrivate: true, dialTimeoutMs: DIAL_MS });
      await Promise.allSettled(
        Array.from({ length: 60 }, async () =>
          (await agent.dial(TARGET, new AbortController().signal)).destroy(),
        ),
      );
      await expect.poll(() => [server.open, agent.openSockets]).toEqual([0, 0]);
    },
  );
});

describe("the dialling of a proxy", () => {
  it("sends no login that a stored record has from earlier times", async () => {
    await using server = await HostileServer.start(silent);
    const at = { host: "127.0.0.1", port: server.port };
    const configs: ProxyConfig[] = [
      { ...at, protocol: "socks5", username: "u", password: "é".repeat(130) },
      { ...at, protocol: "socks5", username: "u".repeat(256) },
      { ...at, protocol: "socks4", username: "\r\nflush_all\r\n" },
      { ...at, protocol: "http", username: "u\0" },
    ];
    for (const config of configs) {
      const agent = new ProxyAgent(config, { allowPrivate: true });
      await expect(agent.dial(TARGET, never)).rejects.toThrow(/^proxy\.(username|password) must be/);
    }
    expect(server.received).toBe("");
  });

  it("does not connect to a private address, written out or resolved", async () => {
    await using server = await HostileServer.start(silent);
    const toPrivate: LookupFunction = (_host, _options, callback) =>
      callback(null, [{ address: "127.0.0.1", family: 4 }]);
    for (const protocol of ["http", "https", "socks4", "socks5"] as const)
      for (const host of ["127.0.0.1", "localhost", "::1", "proxy.example"]) {
        const agent = new ProxyAgent(
          { protocol, host, port: server.port },
          { allowPrivate: false, lookup: toPrivate },
        );
        await expect(agent.dial(TARGET, never)).rejects.toMatchObject({ code: "TARGET_REFUSED" });
      }
    expect(server.open).toBe(0);
  });

  it("ends at once with the request that wants the connection", async () => {
    await using server = await HostileServer.start(silent);
    const agent = new ProxyAgent({ host: "127.0.0.1", port: server.port }, { allowPrivate: true });
    const request = get("http://wa.invalid/", { agent });
    const failed = new Promise((resolve) => request.once("error", resolve));
    await expect.poll(() => server.open).toBe(1);
    request.destroy(new Error("no longer wanted"));
    expect(await failed).toMatchObject({ message: "no longer wanted" });
    await expect.poll(() => [server.open, agent.openSockets]).toEqual([0, 0]);
  });

  it("ends with the agent, as do open connections", async () => {
    await using proxy = await TestProxy.http();
    await using target = await HostileServer.start(silent);
    await using mute = await HostileServer.start(silent);
    const open = new ProxyAgent(proxy.config, { allowPrivate: true });
    await open.dial({ host: "127.0.0.1", port: target.port }, never);
    const dialling = new ProxyAgent({ host: "127.0.0.1", port: mute.port }, { allowPrivate: true });
    const refused = expect(dialling.dial(TARGET, never)).rejects.toThrow(/changed or closed/);
    await expect.poll(() => mute.open).toBe(1);
    open.destroy();
    dialling.destroy();
    await refused;
    await expect.poll(() => [target.open, mute.open, proxy.open]).toEqual([0, 0, 0]);
    await expect(open.dial(TARGET, never)).rejects.toThrow(/changed or closed/);
  });
});
