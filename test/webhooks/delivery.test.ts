import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Receiver, isSigned } from "./receiver.js";
import { WebhookWorld } from "./world.js";

const count = (length: number) => (received: readonly unknown[]) => received.length >= length;
const numbers = (length: number): { n: number }[] => Array.from({ length }, (_, n) => ({ n }));

describe("a session's webhook", () => {
  it("is posted the event as JSON, signed with the session's secret", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    const secret = world.session("s1", receiver.url);
    await world.start().publish("s1", "messages.upsert", { bytes: Buffer.from([1, 2, 3]) });
    await receiver.until(count(1));
    const [request = expect.unreachable()] = receiver.received;
    expect(isSigned(request, secret)).toBe(true);
    expect(request.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": request.json.id,
    });
    expect(request.json).toMatchObject({
      event: "messages.upsert",
      sessionId: "s1",
      sessionName: "name of s1",
    });
    expect(request.json.data).toEqual({ bytes: "AQID" });
    expect(Date.parse(request.json.timestamp)).toBeLessThanOrEqual(Date.now());
  });

  it("gets every event once and in order, one at a time, over one connection", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await Promise.all(numbers(200).map((data) => dispatcher.publish("s1", "messages.upsert", data)));
    await expect.poll(() => world.all("webhook.delivered").length, { timeout: 5_000 }).toBe(200);
    expect(receiver.received.map(({ json }) => json.data)).toEqual(numbers(200));
    expect(receiver.connections).toBe(1);
    expect(dispatcher.stats()).toMatchObject({ queued: 0, sending: 0, retrying: 0, failed: 0 });
  });

  it("gets an event as it was when it happened, whatever becomes of the object", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const data = { text: "before" };
    const queued = world.start().publish("s1", "messages.upsert", data);
    data.text = "after";
    await queued;
    await receiver.until(count(1));
    expect(receiver.received[0]?.json.data).toEqual({ text: "before" });
  });

  it("gets the events it subscribed to and no others", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url, { events: ["presence.update"] });
    const dispatcher = world.start();
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await dispatcher.publish("s1", "chats.update", { n: 2 });
    await dispatcher.publish("s1", "presence.update", { n: 3 });
    await receiver.until(count(1));
    expect(receiver.received.map(({ json }) => json.data)).toEqual([{ n: 3 }]);
  });

  it.each([
    ["subscribed to nothing", { events: [] }],
    ["is disabled", { enabled: false }],
    ["has no URL", { url: null }],
  ])("gets and stores nothing when it %s", async (_, webhook) => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url, webhook);
    world.session("other", receiver.url);
    const dispatcher = world.start();
    for (const id of ["s1", "unknown", "other"]) await dispatcher.publish(id, "messages.upsert", { id });
    await receiver.until(count(1));
    expect(receiver.received.map(({ json }) => json.sessionId)).toEqual(["other"]);
    expect([...world.keys("s1"), ...world.keys("unknown")]).toEqual([]);
  });

  it("is sent what waited, to the new place, as soon as its URL was changed", async () => {
    await using broken = await Receiver.start();
    await using receiver = await Receiver.start();
    broken.answer = () => ({ status: 503, headers: { "retry-after": "3600" } });
    await using world = new WebhookWorld();
    world.session("s1", broken.url);
    const dispatcher = world.start();
    for (const data of numbers(3)) await dispatcher.publish("s1", "messages.upsert", data);
    await expect.poll(() => dispatcher.stats().retrying).toBe(1);
    world.patch("s1", { url: receiver.url });
    dispatcher.updated("s1");
    await receiver.until(count(3));
    expect(receiver.received.map(({ json }) => json.data)).toEqual(numbers(3));
    expect(broken.received).toHaveLength(1);
  });
});

describe("a webhook that is changed while a request is under way", () => {
  it.each([
    ["hangs", "hang"],
    ["asks for an hour", { status: 503, headers: { "retry-after": "3600" } }],
    ["is gone", 410],
  ] as const)("does not wait for the old receiver, which %s", async (_, oldAnswer) => {
    await using old = await Receiver.start();
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld({ timeoutMs: 60_000 });
    world.session("s1", old.url);
    const dispatcher = world.start();
    old.answer = () => {
      world.patch("s1", { url: receiver.url });
      dispatcher.updated("s1");
      return oldAnswer;
    };
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await receiver.until(count(1));
    expect(receiver.received[0]?.json.id).toBe(old.received[0]?.json.id);
    expect(world.all("session.action-required")).toEqual([]);
    expect(world.records.get("s1")?.webhook?.enabled).toBe(true);
  });

  it("goes on with the request when only its events were changed", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    receiver.answer = () => {
      world.patch("s1", { events: ["presence.update"] });
      dispatcher.updated("s1");
      return 204;
    };
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ attempts: 1 }]);
    expect(receiver.received).toHaveLength(1);
  });
});

describe("a receiver that fails", () => {
  it("gets the same id and the same body again, freshly signed, and everything else only afterwards", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (["reset", 503, 204] as const)[index % 3] ?? 204;
    await using world = new WebhookWorld();
    const secret = world.session("s1", receiver.url);
    const dispatcher = world.start();
    await Promise.all(numbers(12).map((data) => dispatcher.publish("s1", "messages.upsert", data)));
    await expect.poll(() => world.all("webhook.delivered").length, { timeout: 8_000 }).toBe(12);
    expect(receiver.received.every((request) => isSigned(request, secret))).toBe(true);
    const inThrees = numbers(12).map(({ n }) => receiver.received.slice(n * 3, n * 3 + 3));
    expect(inThrees.map((three) => new Set(three.map(({ body }) => body)).size)).toEqual(Array(12).fill(1));
    expect(inThrees.map(([first]) => first?.json.data)).toEqual(numbers(12));
  });

  it("is left alone as long as its Retry-After says", async () => {
    await using receiver = await Receiver.start();
    const at: number[] = [];
    receiver.answer = (_, index) => {
      at.push(performance.now());
      return index === 0 ? { status: 429, headers: { "retry-after": "1" } } : 204;
    };
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    await world.start().publish("s1", "messages.upsert", {});
    await receiver.until(count(2));
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("with 410 is not called again: the webhook is switched off, with an event, until it is changed", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 410;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await expect.poll(() => world.records.get("s1")?.webhook?.enabled).toBe(false);
    await dispatcher.publish("s1", "messages.upsert", { n: 2 });
    expect(world.all("session.action-required")).toMatchObject([{ sessionId: "s1", action: "webhook-gone" }]);
    receiver.answer = () => 204;
    world.patch("s1", { enabled: true });
    dispatcher.updated("s1");
    await expect.poll(() => world.all("webhook.delivered").length).toBe(1);
    expect(receiver.received.map(({ json }) => json.data)).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it("with 410 is not called again even when that can't be stored", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 410;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start({ disable: () => Promise.reject(new Error("the store is away")) });
    for (const data of numbers(3)) await dispatcher.publish("s1", "messages.upsert", data);
    await expect.poll(() => world.all("session.action-required").length).toBe(1);
    await dispatcher.publish("s1", "messages.upsert", {});
    expect(receiver.received).toHaveLength(1);
    expect(dispatcher.stats().queued).toBe(4);
  });

  it("with a redirect is not followed, also not to where a session may go", async () => {
    await using trap = await Receiver.start();
    await using receiver = await Receiver.start();
    const statuses = [301, 302, 303, 307, 308];
    receiver.answer = (_, index) => ({ status: statuses[index] ?? 204, headers: { location: trap.url } });
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    await world.start().publish("s1", "messages.upsert", {});
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ attempts: 6 }]);
    expect(trap.connections).toBe(0);
  });

  it("by not answering is tried again after the time-out", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = (_, index) => (index === 0 ? "hang" : 204);
    await using world = new WebhookWorld({ timeoutMs: 50 });
    world.session("s1", receiver.url);
    await world.start().publish("s1", "messages.upsert", {});
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ attempts: 2 }]);
  });

  it("never slows another session's, nor the caller, and holds one connection", async () => {
    await using hanging = await Receiver.start();
    await using quick = await Receiver.start();
    hanging.answer = () => "hang";
    await using world = new WebhookWorld({ timeoutMs: 60_000 });
    world.session("a", hanging.url);
    world.session("b", quick.url);
    const dispatcher = world.start();
    const latencies: number[] = [];
    for (const data of numbers(50)) {
      await dispatcher.publish("a", "messages.upsert", data);
      const begun = performance.now();
      await dispatcher.publish("b", "messages.upsert", data);
      await quick.until(count(data.n + 1));
      latencies.push(performance.now() - begun);
    }
    expect(latencies.sort((x, y) => x - y)[25]).toBeLessThan(100);
    expect(hanging.received).toHaveLength(1);
    expect(hanging.connections).toBe(1);
    await expect.poll(() => dispatcher.stats()).toMatchObject({ endpoints: 2, queued: 50, sending: 1 });
  });
});

describe("a dispatcher that stops", () => {
  it("takes nothing more, ends a request under way, and leaves the rest to the next, in order", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    const first = world.start();
    for (const data of numbers(5)) await first.publish("s1", "messages.upsert", data);
    await receiver.until(count(1));
    await first.stop();
    await expect(first.publish("s1", "messages.upsert", {})).rejects.toMatchObject({ code: "STOPPED" });
    receiver.answer = () => 204;
    await world.start().resume(["s1", "unknown"]);
    await receiver.until(count(6));
    expect(receiver.received.map(({ json }) => json.data)).toEqual([{ n: 0 }, ...numbers(5)]);
    expect(receiver.received[0]?.json.id).toBe(receiver.received[1]?.json.id);
  });

  it("delivers what it can within the time it is given", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await Promise.all(numbers(20).map((data) => dispatcher.publish("s1", "messages.upsert", data)));
    await dispatcher.stop({ drainMs: 5_000 });
    expect(receiver.received).toHaveLength(20);
    const next = world.start();
    await next.resume(["s1"]);
    expect(next.stats().queued).toBe(0);
  });

  it("remembers how often an event was tried", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const first = world.start();
    await first.publish("s1", "messages.upsert", {});
    await receiver.until(count(3));
    // Between two tries: one that the stop cuts short does not count.
    while (first.stats().retrying === 0) await setImmediate();
    const tried = receiver.received.length;
    await first.stop();
    receiver.answer = () => 204;
    await world.start().resume(["s1"]);
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ attempts: tried + 1 }]);
  });
});
