import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/session-types.js";
import { SILENT } from "../../src/options.js";
import { outboxSpace } from "../../src/session-deps.js";
import { openStore } from "../../src/store/open-store.js";
import { WebhookDispatcher, generateWebhookSecret, type WebhookOptions } from "../../src/webhooks/index.js";
import { Receiver } from "../support/receiver.js";

const QUICK: WebhookOptions = { allowPrivateTargets: true, retryBaseMs: 10, retryCapMs: 40, timeoutMs: 300 };
const dispatchers: WebhookDispatcher[] = [];

afterEach(async () => {
  for (const dispatcher of dispatchers.splice(0)) await dispatcher.stop();
});

/** A dispatcher over a store, and what it emitted. */
function setup(options: WebhookOptions = QUICK, map = new Map<string, unknown>()) {
  const store = openStore(map);
  const records = new Map<string, SessionRecord>();
  const events: { name: string; event: Record<string, unknown> }[] = [];
  const start = (): WebhookDispatcher => {
    const dispatcher = new WebhookDispatcher({
      space: (id) => outboxSpace(store, id),
      session: (id) => records.get(id),
      emit: (name, event) => void events.push({ name, event: event }),
      disable: async (id) => {
        const record = records.get(id);
        if (record?.webhook) records.set(id, { ...record, webhook: { ...record.webhook, enabled: false } });
      },
      logger: SILENT,
      options,
    });
    dispatchers.push(dispatcher);
    return dispatcher;
  };
  const session = (id: string, url: string | null, more: object = {}): string => {
    const secret = generateWebhookSecret();
    records.set(id, {
      version: 1,
      id,
      name: `name of ${id}`,
      desired: "offline",
      status: "disconnected",
      phoneNumber: null,
      webhook: { url, events: ["messages.upsert", "presence.update"], enabled: true, secret, ...more },
      proxy: null,
      createdAt: "",
      updatedAt: "",
    });
    return secret;
  };
  return { map, store, records, events, start, session };
}

describe("webhooks", () => {
  it("sign as Standard Webhooks says, with the payload of the documentation", async () => {
    await using receiver = await Receiver.start();
    const { start, session } = setup();
    const secret = session("s1", receiver.url);
    const bytes = Buffer.from([1, 2, 3]);
    await start().publish("s1", "messages.upsert", {
      messages: [{ key: { id: "A" }, bytes }],
      type: "notify",
    });
    await receiver.until(({ length }) => length === 1);
    const [{ headers, body, json } = expect.unreachable()] = receiver.received;
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(json);
    expect(headers["webhook-id"]).toBe(json.id);
    expect(json).toMatchObject({ event: "messages.upsert", sessionId: "s1", sessionName: "name of s1" });
    expect(json.data).toEqual({
      messages: [{ key: { id: "A" }, bytes: bytes.toString("base64") }],
      type: "notify",
    });
    expect(Date.parse(json.timestamp)).toBeLessThanOrEqual(Date.now());
  });

  it("go out for subscribed events only, and not at all without a URL, a subscription or when off", async () => {
    await using receiver = await Receiver.start();
    const { start, session, map } = setup();
    session("on", receiver.url);
    session("off", receiver.url, { enabled: false });
    session("none", receiver.url, { events: [] });
    session("nowhere", null);
    const dispatcher = start();
    for (const id of ["off", "none", "nowhere", "unknown"])
      await dispatcher.publish(id, "messages.upsert", { n: 0 });
    await dispatcher.publish("on", "chats.update", { n: 1 });
    await dispatcher.publish("on", "presence.update", { n: 2 });
    await receiver.until(({ length }) => length === 1);
    expect(receiver.received.map(({ json }) => json.data)).toEqual([{ n: 2 }]);
    expect([...map.keys()].some((key) => /off|none|nowhere|unknown/.test(key))).toBe(false);
  });

  it("keep the order, retry with the same id, and lose nothing to a receiver that fails", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index % 3 === 2 ? 204 : 503);
    const { start, session } = setup();
    session("s1", receiver.url);
    const dispatcher = start();
    await Promise.all(
      Array.from({ length: 12 }, (_, n) => dispatcher.publish("s1", "messages.upsert", { n })),
    );
    await receiver.until(({ length }) => length >= 36, 10_000);
    const accepted = receiver.received.filter((_, index) => index % 3 === 2);
    expect(accepted.map(({ json }) => json.data)).toEqual(Array.from({ length: 12 }, (_, n) => ({ n })));
    for (let index = 0; index < 36; index += 3) {
      expect(new Set(receiver.received.slice(index, index + 3).map(({ json }) => json.id)).size).toBe(1);
    }
  });

  it("wait as long as Retry-After says", async () => {
    await using receiver = await Receiver.start();
    const at: number[] = [];
    receiver.answer = (_, index) => {
      at.push(performance.now());
      return index === 0 ? { status: 429, headers: { "retry-after": "1" } } : 204;
    };
    const { start, session } = setup();
    session("s1", receiver.url);
    await start().publish("s1", "messages.upsert", {});
    await receiver.until(({ length }) => length === 2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("are switched off by 410, with an event", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 410;
    const { start, session, records, events } = setup();
    session("s1", receiver.url);
    const dispatcher = start();
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await expect.poll(() => records.get("s1")?.webhook?.enabled).toBe(false);
    await dispatcher.publish("s1", "messages.upsert", { n: 2 });
    expect(events.map(({ name }) => name)).toContain("session.action-required");
    expect(receiver.received).toHaveLength(1);
  });

  it("do not follow a redirect", async () => {
    await using trap = await Receiver.start();
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index === 0 ? { status: 302, headers: { location: trap.url } } : 204);
    const { start, session } = setup();
    session("s1", receiver.url);
    await start().publish("s1", "messages.upsert", {});
    await receiver.until(({ length }) => length === 2);
    expect(trap.received).toEqual([]);
  });

  it("of one session never wait for another session's receiver that hangs", async () => {
    await using hanging = await Receiver.start();
    await using quick = await Receiver.start();
    hanging.answer = () => "hang";
    const { start, session } = setup({ ...QUICK, timeoutMs: 60_000 });
    session("a", hanging.url);
    session("b", quick.url);
    const dispatcher = start();
    for (let n = 0; n < 50; n += 1) await dispatcher.publish("a", "messages.upsert", { n });
    const begun = performance.now();
    for (let n = 0; n < 50; n += 1) await dispatcher.publish("b", "messages.upsert", { n });
    await quick.until(({ length }) => length === 50);
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(hanging.received).toHaveLength(1);
  });

  it("try again when the receiver hangs, after the time-out", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index === 0 ? "hang" : 204);
    const { start, session, events } = setup();
    session("s1", receiver.url);
    await start().publish("s1", "messages.upsert", {});
    await expect.poll(() => events.map(({ name }) => name)).toContain("webhook.delivered");
    expect(events.find(({ name }) => name === "webhook.delivered")?.event).toMatchObject({ attempts: 2 });
  });

  it("queued before a stop are delivered after the next start, in order", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    const { start, session } = setup();
    session("s1", receiver.url);
    const first = start();
    for (let n = 0; n < 5; n += 1) await first.publish("s1", "messages.upsert", { n });
    await first.stop();
    const before = receiver.received.length;
    receiver.answer = () => 204;
    await start().resume(["s1"]);
    await receiver.until(({ length }) => length === before + 5);
    expect(receiver.received.slice(before).map(({ json }) => json.data)).toEqual(
      [0, 1, 2, 3, 4].map((n) => ({ n })),
    );
  });

  it("that were given up are listed, and delivered again on request", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    const { start, session, events } = setup({ ...QUICK, maxAgeMs: 30 });
    session("s1", receiver.url);
    const dispatcher = start();
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await expect.poll(() => events.map(({ name }) => name)).toContain("webhook.failed");
    const [failed] = await dispatcher.listFailed("s1");
    expect(failed).toBeDefined();
    receiver.answer = () => 204;
    const before = receiver.received.length;
    expect(await dispatcher.redeliver("s1", receiver.received[0]?.json.id ?? "")).toBe("queued");
    await receiver.until(({ length }) => length > before);
    expect(receiver.received.at(-1)?.json.id).toBe(receiver.received[0]?.json.id);
    expect(await dispatcher.redeliver("s1", "msg_unknown")).toBe("not-found");
  });

  it("beyond the queue's bound become failed deliveries, with an event", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    const { start, session, events } = setup({ ...QUICK, maxQueued: 3 });
    session("s1", receiver.url);
    const dispatcher = start();
    for (let n = 0; n < 5; n += 1) await dispatcher.publish("s1", "messages.upsert", { n });
    await expect.poll(() => events.filter(({ name }) => name === "webhook.failed").length).toBe(2);
    expect(dispatcher.stats().queued).toBe(3);
    expect(await dispatcher.listFailed("s1")).toHaveLength(2);
  });

  it("of a forgotten session leave nothing but its list of keys", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    const { start, session, map } = setup();
    session("s1", receiver.url);
    const dispatcher = start();
    for (let n = 0; n < 5; n += 1) await dispatcher.publish("s1", "messages.upsert", { n });
    await dispatcher.forget("s1");
    expect([...map.keys()].filter((key) => /^wa\/s1\/webhook\//.test(key))).toEqual([]);
  });
});

describe("the guard of targets", () => {
  it.each([
    "http://127.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://0.0.0.0:PORT/",
    "http://2130706433:PORT/",
  ])("refuses %s unless it is allowed", async (pattern) => {
    let connections = 0;
    const server = createServer((_, response) => response.end()).listen(0);
    server.on("connection", () => (connections += 1));
    await once(server, "listening");
    const url = pattern.replace("PORT", String((server.address() as AddressInfo).port));
    const { start, session, events } = setup({ ...QUICK, allowPrivateTargets: false, maxAgeMs: 30 });
    session("s1", url);
    await start().publish("s1", "messages.upsert", {});
    await expect.poll(() => events.map(({ name }) => name)).toContain("webhook.failed");
    server.close();
    expect(connections).toBe(0);
  });
});
