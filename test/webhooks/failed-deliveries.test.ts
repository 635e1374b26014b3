import { describe, expect, it } from "vitest";
import type { PublishingDispatcher } from "./publishing-dispatcher.js";
import { Receiver, isSigned } from "./receiver.js";
import { WebhookWorld } from "./world.js";

const count = (length: number) => (received: readonly unknown[]) => received.length >= length;

/** Publishes one event after the other. */
async function publish(dispatcher: PublishingDispatcher, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await dispatcher.publish("s1", "messages.upsert", { n });
}

describe("an event that was not acknowledged in time", () => {
  it("becomes a failed delivery, listed with its reason, with an event; the rest goes with it", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 30 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1, 2);
    await expect.poll(() => world.all("webhook.failed").length).toBe(3);
    const failed = await dispatcher.listFailed("s1");
    expect(failed.map(({ id }) => id)).toEqual(
      world.all("webhook.failed").map(({ deliveryId }) => deliveryId),
    );
    expect(failed[0]).toMatchObject({ event: "messages.upsert", reason: "status 500" });
    expect(failed[0]?.attempts).toBeGreaterThan(0);
    expect(failed[0]?.failedAt).toBeGreaterThanOrEqual((failed[0]?.at ?? Infinity) + 30);
    expect(dispatcher.stats()).toMatchObject({ queued: 0, failed: 3 });
  });

  it("is in the list already when its event is heard, and can be delivered again from there", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 30 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    const heard: Promise<unknown>[] = [];
    world.onEvent = ({ name, event }) => {
      if (name !== "webhook.failed") return;
      receiver.answer = () => 204;
      heard.push(dispatcher.redeliver("s1", String(event["deliveryId"])));
    };
    await publish(dispatcher, 1);
    await expect.poll(() => world.all("webhook.delivered").length).toBe(1);
    expect(await Promise.all(heard)).toEqual(["queued"]);
    expect(await dispatcher.listFailed("s1")).toEqual([]);
  });

  it("moves in its hundreds, none lost and none told twice", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 300 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    const numbers = Array.from({ length: 150 }, (_, n) => n);
    await Promise.all(numbers.map((n) => dispatcher.publish("s1", "messages.upsert", { n })));
    await expect.poll(() => world.all("webhook.failed").length).toBe(150);
    expect(new Set(world.all("webhook.failed").map(({ deliveryId }) => deliveryId)).size).toBe(150);
    expect(await dispatcher.listFailed("s1")).toHaveLength(150);
  });
});

describe("a redelivery", () => {
  it("has the same id and body, freshly signed, after what is queued, and again a full time to arrive", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 60 });
    const secret = world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1);
    await expect.poll(() => world.all("webhook.failed").length).toBe(2);
    const [first, second] = await dispatcher.listFailed("s1");
    const body = receiver.received[0]?.body;
    receiver.answer = () => 204;
    const before = receiver.received.length;
    expect(await dispatcher.redeliver("s1", second?.id ?? "")).toBe("queued");
    expect(await dispatcher.redeliver("s1", first?.id ?? "")).toBe("queued");
    await receiver.until(count(before + 2));
    const again = receiver.received.slice(before);
    expect(again.map(({ json }) => json.id)).toEqual([second?.id, first?.id]);
    expect(again[1]?.body).toBe(body);
    expect(again.every((request) => isSigned(request, secret))).toBe(true);
  });

  it("of what is not there, or was delivered again before, says so", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 30 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 1);
    await expect.poll(() => world.all("webhook.failed").length).toBe(1);
    receiver.answer = () => 204;
    const id = String(world.all("webhook.failed")[0]?.["deliveryId"]);
    const answers = await Promise.all([1, 2, 3].map(() => dispatcher.redeliver("s1", id)));
    expect(answers).toEqual(["queued", "not-found", "not-found"]);
    expect(await dispatcher.redeliver("s1", "msg_unknown")).toBe("not-found");
    expect(await dispatcher.redeliver("unknown", id)).toBe("not-found");
  });

  it("outlives a restart, like the list itself", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld({ maxAgeMs: 30 });
    world.session("s1", receiver.url);
    const first = world.start();
    await publish(first, 1);
    await expect.poll(() => world.all("webhook.failed").length).toBe(1);
    await first.stop();
    receiver.answer = () => 204;
    const second = world.start();
    const [failed] = await second.listFailed("s1");
    expect(await second.redeliver("s1", failed?.id ?? "")).toBe("queued");
    await expect.poll(() => world.all("webhook.delivered")).toMatchObject([{ deliveryId: failed?.id }]);
  });
});

describe("an outbox that is full", () => {
  it("keeps what it has; what comes is a failed delivery at once, and one event asks for action", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ maxQueued: 3, timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1, 2, 3, 4);
    expect(dispatcher.stats()).toMatchObject({ queued: 3, failed: 2 });
    expect(world.all("webhook.failed")).toMatchObject([
      { attempts: 0, reason: "outbox full" },
      { attempts: 0, reason: "outbox full" },
    ]);
    expect(world.all("session.action-required")).toMatchObject([{ action: "webhook-outbox-full" }]);
    const [failed] = await dispatcher.listFailed("s1");
    expect(await dispatcher.redeliver("s1", failed?.id ?? "")).toBe("outbox-full");
    expect(await dispatcher.listFailed("s1")).toHaveLength(2);
  });

  it("is one with too many bytes, too", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ maxQueuedBytes: 3_000, timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    for (let n = 0; n < 5; n += 1)
      await dispatcher.publish("s1", "messages.upsert", { text: "x".repeat(1_000) });
    expect(dispatcher.stats()).toMatchObject({ queued: 2, failed: 3 });
    expect(dispatcher.stats().queuedBytes).toBeLessThanOrEqual(3_000);
  });

  it("takes events again once the receiver took some, and asks for action anew when it fills again", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => ({ status: 503, headers: { "retry-after": "3600" } });
    await using world = new WebhookWorld({ maxQueued: 1 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1);
    await expect.poll(() => dispatcher.stats().retrying).toBe(1);
    receiver.answer = () => 204;
    dispatcher.updated("s1");
    await expect.poll(() => world.all("webhook.delivered").length).toBe(1);
    receiver.answer = () => "hang";
    await publish(dispatcher, 2, 3);
    expect(world.all("session.action-required")).toHaveLength(2);
    expect(world.all("webhook.failed")).toHaveLength(2);
  });

  it("drops the oldest failed deliveries when there are too many of these, and all that is stored of them", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ maxQueued: 1, maxFailed: 2, timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1, 2, 3, 4);
    const told = world.all("webhook.failed").map(({ deliveryId }) => deliveryId);
    expect((await dispatcher.listFailed("s1")).map(({ id }) => id)).toEqual(told.slice(-2));
    // The state, one queued, and two records for each of the two failed.
    expect(world.keys("s1")).toHaveLength(1 + 1 + 2 * 2);
  });
});

describe("a session that is forgotten", () => {
  it("has no record of its outbox left, queued or failed, and gets nothing more", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => "hang";
    await using world = new WebhookWorld({ maxQueued: 5, timeoutMs: 60_000 });
    world.session("s1", receiver.url);
    world.session("s2", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1, 2, 3, 4, 5, 6);
    await dispatcher.publish("s2", "messages.upsert", {});
    expect(world.keys("s1").length).toBeGreaterThan(5);
    const late = dispatcher.publish("s1", "messages.upsert", {}).catch(() => {});
    await Promise.all([dispatcher.forget("s1"), dispatcher.forget("s1")]);
    await late;
    expect(world.keys("s1")).toEqual([]);
    expect(world.keys("s2")).not.toEqual([]);
    expect(dispatcher.stats()).toMatchObject({ endpoints: 1, queued: 1 });
  });

  it("can be forgotten again when the store was away", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld();
    let away = false;
    const { space } = world;
    world.space = (id) => {
      const inner = space(id);
      const guard = (): Promise<void> => (away ? Promise.reject(new Error("away")) : Promise.resolve());
      return {
        readEach: (keys) => guard().then(() => inner.readEach(keys)),
        write: (...all) => guard().then(() => inner.write(...all)),
        placed: (entries) => inner.placed(entries),
        keys: () => guard().then(() => inner.keys()),
        certain: () => guard().then(() => inner.certain()),
        clear: () => guard().then(() => inner.clear()),
      };
    };
    receiver.answer = () => 503;
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(dispatcher, 0, 1);
    away = true;
    await expect(dispatcher.forget("s1")).rejects.toThrow("away");
    away = false;
    await dispatcher.forget("s1");
    expect(world.keys("s1")).toEqual([]);
  });
});
