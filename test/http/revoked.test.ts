import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PairingCodeInfo } from "../../src/api/session-info.js";
import { SILENT } from "../../src/api/logger.js";
import { createHttpHandler } from "../../src/http/index.js";
import { ApiKeys } from "../../src/manager/api-keys.js";
import { openStore } from "../../src/store/open-store.js";
import { EngineWorld } from "../support/engine.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { serve } from "./servers.js";

const WITHIN_MS = 1_000;

/** Reads an answer to its end. Settles with its text, and how long it took from now. */
async function toItsEnd(answer: Response): Promise<{ readonly text: string; readonly ms: number }> {
  const begun = performance.now();
  return { text: await answer.text(), ms: performance.now() - begun };
}

describe("a key that another process revokes", () => {
  let world: EngineWorld;
  let server: Awaited<ReturnType<typeof serve>>;
  /** The keys as `zpwoot keys` sees them, beside the server. */
  let beside: ApiKeys;
  beforeEach(async () => {
    world = await EngineWorld.open();
    beside = new ApiKeys(openStore(world.map), SILENT);
    const handler = createHttpHandler(world.manager, { apiKeys: "the first key" });
    server = await serve((request, response) => void handler.node(request, response));
  });
  afterEach(async () => {
    await server.close();
    await world[Symbol.asyncDispose]();
  });

  const get = (path: string, key: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}/sessions${path}`, { headers: { "x-api-key": key } });

  it("loses its quiet stream within a second, and its place among the readers; others keep theirs", async () => {
    const [dead, kept] = [
      await beside.create({ name: "dead", role: "viewer" }),
      await beside.create({ name: "kept", role: "viewer" }),
    ];
    const [ending, lasting] = [await get("/events", dead.key), await get("/events", kept.key)];
    expect([ending.status, lasting.status]).toEqual([200, 200]);
    const keptText = lasting.text();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(2);
    const ended = toItsEnd(ending);
    await beside.revoke(dead.id);
    const { text, ms } = await ended;
    expect(text).toBe("retry: 2000\n\n");
    expect(ms).toBeLessThan(WITHIN_MS);
    expect((await get("/list", dead.key)).status).toBe(401);
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    await world.created("seen");
    await beside.revoke(kept.id);
    expect(await keptText).toContain("session.created");
  });

  it("gets nothing of what happens after a second, though its stream is busy", async () => {
    const { id, key } = await beside.create({ name: "k", role: "viewer" });
    const stream = await get("/events", key);
    const ended = toItsEnd(stream);
    await beside.revoke(id);
    const revokedAt = performance.now();
    let n = 0;
    for (; performance.now() - revokedAt < WITHIN_MS; n += 1) await world.created(`early ${n}`);
    await world.created("late");
    expect((await ended).text).not.toContain('"late"');
  });

  it("has no command carried out whose body it is still sending", async () => {
    const { id, key } = await beside.create({ name: "k", role: "admin" });
    const socket = connect(server.port, "127.0.0.1");
    const heard = once(socket, "data");
    socket.write(
      `POST /sessions/create HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n`,
    );
    await expect.poll(async () => (await beside.list())[0]?.lastUsedAt).toMatch(/^20/);
    await beside.revoke(id);
    const begun = performance.now();
    expect(String((await heard)[0])).toMatch(/^HTTP\/1.1 401 /);
    expect(performance.now() - begun).toBeLessThan(WITHIN_MS);
    socket.write('{"name":"late"}');
    socket.destroy();
    expect(await world.manager.list()).toEqual([]);
  });

  it("gets 401 from its long poll for a QR code within a second, and no code", async () => {
    const { id, key } = await beside.create({ name: "k", role: "operator" });
    const { id: session, qr } = await world.connecting();
    const waiting = get(`/${session}/qr?wait=30&seq=1000`, key);
    await expect.poll(async () => (await beside.list())[0]?.lastUsedAt).toMatch(/^20/);
    await beside.revoke(id);
    const { text, ms } = await toItsEnd(await waiting);
    expect(ms).toBeLessThan(WITHIN_MS);
    expect(JSON.parse(text)).toEqual({ statusCode: 401, message: "Invalid API key" });
    expect(text).not.toContain(qr);
  });
});

describe("a stream in a fetch runtime", () => {
  it("of a revoked key is no reader any more once it has ended", async () => {
    await using world = await EngineWorld.open();
    const { fetch: answerTo } = createHttpHandler(world.manager, { apiKeys: "the first key" });
    const { id, key } = await world.manager.apiKeys.create({ name: "k", role: "viewer" });
    const ended = toItsEnd(
      await answerTo(new Request("http://localhost/sessions/events", { headers: { "x-api-key": key } })),
    );
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    await world.manager.apiKeys.revoke(id);
    expect((await ended).ms).toBeLessThan(WITHIN_MS);
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(0);
  });
});

/** Sessions whose pairing codes take until they are let go. */
class SlowPairing extends InMemorySessions {
  letGo = (): void => {};

  override async pair(id: string, phoneNumber: string): Promise<PairingCodeInfo> {
    const code = await super.pair(id, phoneNumber);
    await new Promise<void>((resolve) => (this.letGo = resolve));
    return code;
  }
}

describe("a pairing code that takes long", () => {
  const ask = async (revoke: boolean): Promise<Response> => {
    const manager = new SlowPairing();
    const handler = createHttpHandler(manager, { apiKeys: "the first key" });
    const { id, key } = await manager.apiKeys.create({ name: "k", role: "operator" });
    const { id: session } = await manager.create({ name: "s" });
    await manager.connect(session);
    const answer = handler.fetch(
      new Request(`http://localhost/sessions/${session}/pair`, {
        method: "POST",
        headers: { "x-api-key": key, "content-type": "application/json" },
        body: JSON.stringify({ phoneNumber: "5511999990000" }),
      }),
    );
    await expect.poll(() => manager.calls.some(({ method }) => method === "pair")).toBe(true);
    if (revoke) await manager.apiKeys.revoke(id);
    else setTimeout(() => manager.letGo(), 600);
    return answer;
  };

  it("is not given to a key that was revoked meanwhile", async () => {
    const answer = await ask(true);
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("ABCD");
  });

  it("is given to a key that is still valid", async () => {
    const answer = await ask(false);
    expect(answer.status).toBe(201);
    expect(await answer.text()).toContain("ABCD");
  });
});

describe("a key of the environment that is rotated", () => {
  let saved: string | undefined;
  beforeEach(() => (saved = process.env["API_KEY"]));
  afterEach(() => {
    if (saved === undefined) delete process.env["API_KEY"];
    else process.env["API_KEY"] = saved;
  });

  it("loses its stream within a second", async () => {
    await using world = await EngineWorld.open();
    process.env["API_KEY"] = "before";
    const { fetch: answerTo } = createHttpHandler(world.manager);
    const stream = await answerTo(
      new Request("http://localhost/sessions/events", { headers: { "x-api-key": "before" } }),
    );
    const ended = toItsEnd(stream);
    process.env["API_KEY"] = "after";
    expect((await ended).ms).toBeLessThan(WITHIN_MS);
  });
});
