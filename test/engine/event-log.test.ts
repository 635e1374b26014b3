import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { ZpwootClient, type ServerEvent } from "../../src/client/index.js";
import { createHttpHandler } from "../../src/http/index.js";
import { webhookPayloadSchema, type StreamedEvent } from "../../src/index.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import { EngineWorld } from "../support/engine.js";
import { seeded } from "../support/random.js";

const KEY = "event-log-key";
/** Before every event: whoever was there asks for all that is kept. */
const ZERO = `msg_${"0".repeat(32)}`;

async function serve(manager: SessionManager) {
  const { node, fetch } = createHttpHandler(manager, { apiKeys: KEY });
  const server = createServer((request, response) => void node(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    fetch,
    client: new ZpwootClient({ baseUrl, apiKey: KEY }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const textOf = ({ data }: ServerEvent): string | undefined =>
  (data as { messages?: { message?: { conversation?: string } }[] }).messages?.[0]?.message?.conversation;

const parsed = (event: StreamedEvent): ServerEvent =>
  "gap" in event ? { id: "", event: "gap" } : (JSON.parse(event.body) as ServerEvent);

/** The first events of a stream, which is then ended. */
async function take(
  stream: AsyncGenerator<StreamedEvent, void, undefined>,
  count: number,
): Promise<ServerEvent[]> {
  const taken: ServerEvent[] = [];
  for await (const event of stream) {
    taken.push(parsed(event));
    if (taken.length === count) break;
  }
  return taken;
}

describe("server-sent events", () => {
  it("reach a client that reconnects 100 times once each, in order, by Last-Event-ID", async () => {
    await using world = await EngineWorld.open();
    await using server = await serve(world.manager);
    const { id, phone } = await world.linked();
    const friend = world.phone();
    const total = 150;
    const random = seeded(20261124);
    const first = await server.client.listSessions();
    expect(first).toHaveLength(1);
    const seen: ServerEvent[] = [];
    const begin = (await take(world.manager.events({ after: ZERO }), 2)).at(-1)?.id;
    const sending = (async () => {
      for (let n = 0; n < total; n++) friend.sendText(phone, `text ${n}`);
    })();
    let after = begin;
    let connections = 0;
    while (connections < 100 || seen.length < total) {
      connections += 1;
      // The last connections take what is left; those before them take one event or two, or leave at once.
      const wanted = connections < 100 ? Math.floor(random() * 3) : total;
      const leaving = new AbortController();
      const stream = server.client.streamSessionEvents(id, {
        events: ["messages.upsert"],
        ...(after === undefined ? {} : { after }),
        signal: leaving.signal,
      });
      let taken = 0;
      if (wanted > 0) {
        for await (const event of stream) {
          seen.push(event);
          after = event.id;
          taken += 1;
          if (taken === wanted || seen.length === total) break;
        }
      }
      leaving.abort();
    }
    await sending;
    expect(connections).toBeGreaterThanOrEqual(100);
    expect(seen.map(textOf)).toEqual(Array.from({ length: total }, (_, n) => `text ${n}`));
    expect(new Set(seen.map((event) => event.id)).size).toBe(total);
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(0);
  });

  it("have the ids and bodies of webhooks, by the exported schema", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    const events = await take(
      world.manager.events({ sessionIds: [id], after: ZERO, events: ["connection.update"] }),
      4,
    );
    const ids = events.slice(1).map((event) => {
      expect(webhookPayloadSchema.parse(event)).toMatchObject({ sessionId: id });
      return event.id;
    });
    expect(ids).toEqual([...ids].sort());
  });

  it("hold the engine's own events too, and end with the session's deletion", async () => {
    await using world = await EngineWorld.open();
    await using server = await serve(world.manager);
    const id = await world.created("short-lived");
    const stream = server.client.streamSessionEvents(id);
    const heard = (async () => {
      const names: string[] = [];
      for await (const { event } of stream) names.push(event);
      return names;
    })();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    await world.manager.delete(id);
    expect((await heard).at(-1)).toBe("session.deleted");
    await expect(server.client.streamSessionEvents(id).next()).rejects.toMatchObject({ status: 404 });
  });

  it("are refused without a key, with an unknown event, and for an unknown session", async () => {
    await using world = await EngineWorld.open();
    await using server = await serve(world.manager);
    const get = (path: string, key = KEY) =>
      fetch(`${server.baseUrl}${path}`, { headers: { "x-api-key": key } });
    expect((await get("/sessions/events", "wrong")).status).toBe(401);
    expect((await get("/sessions/nobody/events")).status).toBe(404);
    const unknown = await get("/sessions/events?events=messages.sent");
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ error: "Bad Request" });
  });

  it("come over the fetch bridge too, and leave no reader when the client goes", async () => {
    await using world = await EngineWorld.open();
    await using server = await serve(world.manager);
    const leaving = new AbortController();
    const answer = await server.fetch(
      new Request("http://localhost/sessions/events", {
        headers: { "x-api-key": KEY },
        signal: leaving.signal,
      }),
    );
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toBe("retry: 2000\n\n");
    const next = text();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    await world.created("seen");
    expect(await next).toMatch(/^id: msg_[0-9a-f]{32}\nevent: session.created\ndata: \{.*\}\n\n$/);
    await reader.cancel();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(0);
  });

  it("end when the manager stops", async () => {
    await using world = await EngineWorld.open();
    const next = world.manager.events().next();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    await world.manager.stop();
    expect(await next).toMatchObject({ done: true });
  });
});

describe("the event log", () => {
  it("tells a reader that events may be missing, and goes on with what is kept", async () => {
    await using world = await EngineWorld.open({ eventLog: { keep: 3 } });
    const id = await world.created();
    const [created] = await take(world.manager.events({ after: ZERO }), 2).then((all) => all.slice(1));
    for (let n = 0; n < 5; n++) await world.manager.update(id, { webhook: { enabled: n % 2 === 0 } });
    const events = await take(world.manager.events({ sessionIds: [id], after: created?.id }), 4);
    expect(events.map(({ event }) => event)).toEqual([
      "gap",
      "session.updated",
      "session.updated",
      "session.updated",
    ]);
    expect((await take(world.manager.events({ after: "not an id" }), 1))[0]?.event).toBe("gap");
  });

  it("holds up nobody for a reader that does not read, and holds no more for it than for others", async () => {
    await using world = await EngineWorld.open({ eventLog: { keep: 10 } });
    const id = await world.created();
    const slow = world.manager.events({ sessionIds: [id] });
    const first = slow.next();
    await expect.poll(() => world.manager.stats().eventLog.readers).toBe(1);
    for (let n = 0; n < 50; n++) await world.manager.update(id, { webhook: { enabled: n % 2 === 0 } });
    expect(world.manager.stats().eventLog.events).toBeLessThanOrEqual(11);
    expect(parsed((await first).value as StreamedEvent).event).toBe("session.updated");
    expect(parsed((await slow.next()).value as StreamedEvent).event).toBe("gap");
    await slow.return();
  });

  it("survives a restart when it is durable, and says what is missing when it is not", async () => {
    for (const durable of [true, false, true, false, true, false]) {
      await using world = await EngineWorld.open({ eventLog: { durable } });
      const id = await world.created();
      await world.manager.update(id, { webhook: { enabled: false } });
      const updates = { sessionIds: [id], events: ["session.updated"] };
      const last = (await take(world.manager.events({ ...updates, after: ZERO }), durable ? 1 : 2)).at(-1);
      await world.manager.update(id, { webhook: { enabled: true } });
      await world.manager.stop();
      const manager = world.reopen();
      await manager.list();
      await manager.update(id, { webhook: { enabled: false } });
      const events = await take(manager.events({ sessionIds: [id], after: last?.id }), 2);
      expect(events.map(({ event }) => event)).toEqual(
        durable ? ["session.updated", "session.updated"] : ["gap", "session.updated"],
      );
      await manager.delete(id);
      expect([...world.map.keys()].filter((key) => key.includes(id))).toEqual([]);
    }
  });

  it("leaves nothing in the store when its session is deleted for good while it is connected", async () => {
    await using world = await EngineWorld.open({ eventLog: { durable: true } });
    const { id } = await world.linked();
    const events = take(
      world.manager.events({ sessionIds: [id], events: ["session.status", "session.deleted"] }),
      2,
    );
    await world.manager.delete(id, { tombstone: false });
    expect([...world.map.keys()].filter((key) => key.includes(id))).toEqual([]);
    expect((await events).map(({ event }) => event)).toContain("session.status");
  });

  it("can be switched off", async () => {
    await using world = await EngineWorld.open({ eventLog: false });
    await expect(world.manager.events().next()).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});
