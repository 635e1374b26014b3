import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createClient } from "@keyv/redis";
import { describe, expect, it } from "vitest";
import { createHttpHandler, type RateLimitOptions } from "../../src/http/index.js";
import { REDIS_URL } from "../store/services.js";
import { RecordingLogger } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";

function open(rateLimit: RateLimitOptions, keys: readonly string[] = ["a", "b"]) {
  const logger = new RecordingLogger();
  const { fetch } = createHttpHandler(new InMemorySessions(), {
    apiKeys: keys,
    rateLimit,
    logger,
    clientAddress: (header) => header("x-forwarded-for"),
  });
  const call = (key: string, path = "/sessions/list", address = "10.0.0.1") => {
    const method = path.endsWith("list") ? "GET" : "POST";
    const headers = { "x-api-key": key, "x-forwarded-for": address, "content-type": "application/json" };
    const body = method === "POST" ? JSON.stringify({ name: randomUUID() }) : null;
    return fetch(new Request(`http://localhost${path}`, { method, headers, body }));
  };
  return { call, logger };
}

const statuses = async (count: number, ask: () => Promise<Response>): Promise<number[]> => {
  const all: number[] = [];
  for (let n = 0; n < count; n++) all.push((await ask()).status);
  return all;
};

describe("rate limits", () => {
  it("count each key apart, and tell in headers what is left", async () => {
    const { call } = open({ perKey: 3 });
    const first = await call("a");
    expect(first.headers.get("ratelimit-policy")).toBe('"key";q=3;w=60');
    expect(first.headers.get("ratelimit")).toMatch(/^"key";r=2;t=\d+$/);
    expect(await statuses(3, () => call("a"))).toEqual([200, 200, 429]);
    expect((await call("b")).status).toBe(200);
  });

  it("refuse in the contract's shape, with the time to come again", async () => {
    const { call } = open({ perKey: 1 });
    await call("a");
    const refused = await call("a");
    expect(await refused.text()).toBe(
      `{"statusCode":429,"message":"Too many requests","error":"Too Many Requests"}`,
    );
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  });

  it("are stricter where WhatsApp has to do something", async () => {
    const { call } = open({ perKey: 100, perKeyStrict: 2 });
    expect(await statuses(3, () => call("a", "/sessions/create"))).toEqual([201, 201, 429]);
    expect((await call("a")).status).toBe(200);
  });

  it("count requests without a valid key by address, and refuse nobody's valid key for them", async () => {
    const { call } = open({ perAddress: 2 });
    expect(await statuses(4, () => call("guessed"))).toEqual([401, 401, 429, 429]);
    expect(await statuses(5, () => call("a"))).toEqual([200, 200, 200, 200, 200]);
    expect((await call("guessed", "/sessions/list", "10.0.0.2")).status).toBe(401);
  });

  it("let one key poll fifty sessions every two seconds, and link them, by default", async () => {
    const { call } = open({});
    const linking = await statuses(150, () => call("a", "/sessions/create"));
    expect(new Set(linking)).toEqual(new Set([201]));
    const polling = await statuses(50 * 2 * 30, () => call("a"));
    expect(new Set(polling)).toEqual(new Set([200]));
  });

  it("are shared by handlers over Redis, and let requests pass when Redis is gone", async () => {
    const redis = createClient({ url: REDIS_URL });
    redis.on("error", () => {});
    await redis.connect();
    const key = randomUUID();
    const [one, two] = [open({ perKey: 2, redis }, [key]), open({ perKey: 2, redis }, [key])];
    const address = randomUUID();
    const ask = (node: typeof one) => node.call(key, "/sessions/list", address);
    expect([(await ask(one)).status, (await ask(two)).status, (await ask(one)).status]).toEqual([
      200, 200, 429,
    ]);
    redis.destroy();
    expect((await ask(two)).status).toBe(200);
    expect(two.logger.text).toContain("Rate limits unavailable");
    expect(two.logger.text).not.toContain(key);
  });

  it("let requests pass at once when Redis freezes, say so once, and count again when it answers", async () => {
    const { hostname, port } = new URL(REDIS_URL);
    const links: Socket[] = [];
    const relay = createServer((socket) => {
      const upstream = connect(Number(port), hostname);
      links.push(socket, upstream);
      socket
        .on("error", () => {})
        .pipe(upstream.on("error", () => {}))
        .pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(relay, "listening");
    const redis = createClient({ url: `redis://127.0.0.1:${(relay.address() as AddressInfo).port}` });
    redis.on("error", () => {});
    await redis.connect();
    const key = randomUUID();
    const { call, logger } = open({ perKey: 1_000, redis }, [key]);
    expect((await call(key)).headers.get("ratelimit")).toContain("r=999");
    for (const link of links) link.pause();
    const startedAt = performance.now();
    const frozen = await Promise.all(Array.from({ length: 50 }, () => call(key)));
    for (let n = 0; n < 50; n++) frozen.push(await call(key));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(new Set(frozen.map(({ status }) => status))).toEqual(new Set([200]));
    for (const link of links) link.resume();
    await expect.poll(async () => (await call(key)).headers.has("ratelimit"), { timeout: 10_000 }).toBe(true);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      "Rate limits unavailable: requests pass uncounted until Redis answers",
      "Rate limits are counted again",
    ]);
    redis.destroy();
    for (const link of links) link.destroy();
    relay.close();
  });

  it("are not there unless they are asked for, and are checked", async () => {
    const { fetch } = createHttpHandler(new InMemorySessions(), { apiKeys: "a" });
    const answer = await fetch(
      new Request("http://localhost/sessions/list", { headers: { "x-api-key": "a" } }),
    );
    expect(answer.headers.get("ratelimit")).toBeNull();
    expect(() => open({ perKey: 0 })).toThrow(/rateLimit.perKey must be a positive whole number/);
  });
});
