/** Every request is answered, whatever the engine waits for. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { ALL_ROUTES, createHttpHandler } from "../../src/http/index.js";
import { RecordingLogger, ROUTE_BODIES } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";

afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => {});

const muteCalls = new Proxy({}, { get: () => () => never });

/** A manager whose methods never settle: a store, a proxy or WhatsApp that says nothing. */
const mute = new Proxy(new InMemorySessions(), {
  get: (target, name, receiver) => {
    if (name === "on" || name === "off") return () => receiver as unknown;
    if (name === "apiKeys")
      return { verify: async () => undefined, create: () => never, list: () => never, revoke: () => never };
    if (["groups", "contacts", "chats", "cluster"].includes(String(name))) return muteCalls;
    if (name === "listWebhookEvents") return () => target.listWebhookEvents();
    if (name === "events") return Reflect.get(target, name, receiver) as unknown;
    return () => never;
  },
});

/** Settles after so much time of the clock that the tests turn. */
async function after(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) await vi.advanceTimersByTimeAsync(250);
}

function request(method: string, path: string, body?: object): Request {
  const headers = { "x-api-key": "k", "content-type": "application/json" };
  return new Request(`http://localhost${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

describe("a request that the engine does not finish", () => {
  it.each(ALL_ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "is answered within 12 s: %s",
    async (_name, { method, path, operation, request: schema }) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      const logger = new RecordingLogger();
      const metrics = { contentType: "text/plain", text: () => never };
      const handler = createHttpHandler(mute, { apiKeys: "k", system: true, metrics, logger });
      const body = schema === undefined ? undefined : (ROUTE_BODIES[operation] ?? {});
      let status = 0;
      void handler.fetch(request(method, path.replace(/:\w+/g, "a"), body)).then((response) => {
        status = response.status;
        void response.body?.cancel();
      });
      // Bodies are read in turns of the event loop that fake timers know nothing of.
      await new Promise((resolve) => setImmediate(resolve));
      await after(11_750);
      expect(status).not.toBe(0);
      expect([200, 504]).toContain(status);
      if (status === 504) expect(logger.text).toContain(operation);
    },
  );

  it("waits as long as its caller asked for, and the time on top", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { fetch } = createHttpHandler(mute, { apiKeys: "k" });
    let status = 0;
    void fetch(request("GET", "/sessions/a/qr?wait=20")).then((response) => (status = response.status));
    await after(31_000);
    expect(status).toBe(0);
    await after(1_000);
    expect(status).toBe(504);
  });

  it("is answered within 12 s where the keys can't be read", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const sessions = new InMemorySessions();
    const apiKeys = { verify: () => never, list: () => never, create: () => never, revoke: () => never };
    const { fetch } = createHttpHandler(Object.assign(sessions, { apiKeys }), { apiKeys: "k" });
    let status = 0;
    const other = new Request("http://localhost/sessions/list", { headers: { "x-api-key": "stored" } });
    void fetch(other).then((response) => (status = response.status));
    await after(12_000);
    expect(status).toBe(504);
  });
});

describe("a flood of requests that need no key", () => {
  it("asks the store once at a time, and refuses no probe", async () => {
    let checks = 0;
    let running = 0;
    let together = 0;
    const health = async () => {
      checks += 1;
      together = Math.max(together, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      return { ok: true, store: "ok", eventLoopLagMs: 0 } as const;
    };
    const sessions = Object.assign(new InMemorySessions(), { health });
    const { fetch } = createHttpHandler(sessions, {
      apiKeys: "k",
      system: true,
      rateLimit: { perAddress: 5 },
    });
    const get = async (path: string): Promise<number> =>
      (await fetch(new Request(`http://localhost${path}`), { address: "203.0.113.9" })).status;
    const statuses = await Promise.all(Array.from({ length: 500 }, () => get("/health/ready")));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect([together, checks]).toEqual([1, 1]);
    expect(await get("/health/live")).toBe(200);
    // The store is asked again, so that an answer is never old.
    await get("/health/ready");
    expect(checks).toBe(2);
  });

  it("is refused where pages and documents are sent, by address", async () => {
    const { fetch } = createHttpHandler(new InMemorySessions(), {
      apiKeys: "k",
      system: true,
      rateLimit: { perAddress: 3 },
    });
    const get = async (path: string, address?: string): Promise<number> =>
      (await fetch(new Request(`http://localhost${path}`), address === undefined ? {} : { address })).status;
    for (const path of ["/docs", "/openapi.json", "/sessions/overview"])
      expect(await get(path, "203.0.113.9")).toBe(200);
    expect(await get("/sessions/a/link", "203.0.113.9")).toBe(429);
    expect(await get("/sessions/a/link", "203.0.113.10")).toBe(200);
    for (let count = 0; count < 5; count += 1) expect(await get("/docs")).toBe(200);
  });
});
