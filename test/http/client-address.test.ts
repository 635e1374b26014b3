import { afterEach, describe, expect, it } from "vitest";
import express from "express";
import Fastify from "fastify";
import Koa from "koa";
import { addressBucket, clientAddressOf, parseTrustProxy } from "../../src/http/access/client-address.js";
import {
  createHttpHandler,
  type HttpHandler,
  type HttpHandlerOptions,
  type TrustProxy,
} from "../../src/http/index.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { type RunningServer, serve, SERVERS } from "./servers.js";

const CLIENT = "198.51.100.7";

describe("the address of a client", () => {
  const address = (trust: TrustProxy, peer: string | undefined, forwardedFor?: string) => {
    const isTrusted = parseTrustProxy(trust);
    if (isTrusted === undefined) throw new Error("not a setting");
    return clientAddressOf(peer, forwardedFor, isTrusted);
  };

  it.each<readonly [TrustProxy, string | undefined, string | undefined, string | undefined]>([
    [false, "10.0.0.1", CLIENT, "10.0.0.1"],
    [0, "10.0.0.1", CLIENT, "10.0.0.1"],
    [true, "10.0.0.1", `${CLIENT}, 10.0.0.3, 10.0.0.2`, CLIENT],
    [1, "10.0.0.1", `1.2.3.4, ${CLIENT}`, CLIENT],
    [2, "10.0.0.1", `1.2.3.4, ${CLIENT}, 10.0.0.2`, CLIENT],
    [5, "10.0.0.1", CLIENT, CLIENT],
    [1, "10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.0/8", "10.0.0.1", `1.2.3.4, ${CLIENT}, 10.9.9.9`, CLIENT],
    ["10.0.0.0/8", CLIENT, "1.2.3.4", CLIENT],
    [["127.0.0.1", "uniquelocal"], "::ffff:127.0.0.1", `${CLIENT}, 192.168.0.1`, CLIENT],
    ["loopback, 2001:db8::/32", "::1", `${CLIENT}, 2001:DB8::5`, CLIENT],
    ["loopback", "127.0.0.1", `${CLIENT}:55123`, CLIENT],
    ["loopback", "127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"],
    ["loopback", "127.0.0.1", "unknown", "127.0.0.1"],
    [true, "127.0.0.1", `${CLIENT}, <script>, 10.0.0.2`, "10.0.0.2"],
    [1, undefined, CLIENT, CLIENT],
    ["loopback", undefined, CLIENT, undefined],
  ])("trusting %j, connected from %s, forwarded for %s: %s", (trust, peer, forwardedFor, expected) =>
    expect(address(trust, peer, forwardedFor)).toBe(expected),
  );

  it.each([
    "",
    "everyone",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "::1/129",
    [],
    ["10.0.0.1", "x"],
    -1,
    1.5,
    NaN,
  ])("is not found with the setting %j, which is refused", (trustProxy) => {
    const create = () => createHttpHandler(new InMemorySessions(), { apiKeys: "a", trustProxy });
    expect(create).toThrow(/trustProxy must be true, false, a number of hops/);
  });
});

describe("addresses that count as one", () => {
  it.each([
    [
      "2001:db8::1",
      "2001:DB8::1",
      "2001:db8:0:0:0:0:0:1",
      "2001:0db8::0001",
      "[2001:db8::1]:443",
      "2001:db8::ffff:1",
    ],
    ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "10.0.0.1:55123", " 10.0.0.1 "],
    ["fe80::1%eth0", "fe80::2%eth1"],
    ["2001:db8:1:2::", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::9:10.0.0.1"],
    ["::1", "::2"],
  ])("%s and all its spellings and neighbours", (...addresses) =>
    expect(new Set(addresses.map(addressBucket)).size).toBe(1),
  );

  it("are not those of two networks, of two IPv4 clients, or of a host's own names", () => {
    const all = ["2001:db8:1:2::1", "2001:db8:1:3::1", "10.0.0.1", "10.0.0.2", "a", "b", undefined, "::1"];
    expect(new Set(all.map(addressBucket)).size).toBe(all.length);
  });
});

/** What the framework's own setting makes of `X-Forwarded-For`. */
const CONFIGURED: readonly (readonly [string, (handler: HttpHandler) => Promise<RunningServer>])[] = [
  ["Express", async (handler) => serve(express().set("trust proxy", 1).use(handler.node))],
  [
    "Koa",
    async (handler) => {
      const app = new Koa({ proxy: true });
      const listener = app.use(handler.koa).callback();
      return serve((request, response) => void listener(request, response));
    },
  ],
  [
    "Fastify",
    async (handler) => {
      const app = Fastify({ trustProxy: true });
      app.register(handler.fastify as never);
      await app.ready();
      return serve((request, response) => app.routing(request, response));
    },
  ],
];

describe("the limit of an address", () => {
  let server: RunningServer | undefined;
  afterEach(() => server?.close());

  const open = (options: HttpHandlerOptions = {}): HttpHandler =>
    createHttpHandler(new InMemorySessions(), { apiKeys: "a", rateLimit: { perAddress: 1 }, ...options });
  const guess = async (forwardedFor: string): Promise<number | undefined> =>
    (
      await server?.send({
        method: "GET",
        path: "/sessions/list",
        headers: { "x-forwarded-for": forwardedFor },
      })
    )?.status;

  describe.each(SERVERS)("on $name", (kind) => {
    it("is per client behind a trusted proxy", async () => {
      server = await kind.listen(open({ trustProxy: 1 }));
      expect([await guess(CLIENT), await guess(CLIENT), await guess("203.0.113.1")]).toEqual([401, 429, 401]);
    });

    it("is not fooled by a header that no proxy wrote", async () => {
      server = await kind.listen(open());
      expect([await guess(CLIENT), await guess("203.0.113.1")]).toEqual([401, 429]);
    });
  });

  it.each(CONFIGURED)("follows the setting of %s", async (_name, listen) => {
    server = await listen(open());
    expect([await guess(CLIENT), await guess(CLIENT), await guess("203.0.113.1")]).toEqual([401, 429, 401]);
  });

  it("takes the address that a fetch runtime names", async () => {
    const { fetch } = open();
    const ask = async (info?: object) =>
      (await fetch(new Request("http://localhost/sessions/list"), info)).status;
    expect([await ask({ address: CLIENT }), await ask({ address: CLIENT })]).toEqual([401, 429]);
    expect([await ask({ address: "10.0.0.1" }), await ask({ params: {} })]).toEqual([401, 401]);
  });
});
