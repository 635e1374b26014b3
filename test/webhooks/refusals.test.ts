import { describe, expect, it } from "vitest";
import { Receiver, type Answer } from "./receiver.js";
import { WebhookWorld } from "./world.js";

/** Answers by the number that an event carries. */
function answering(receiver: Receiver, answerOf: (n: number) => Answer): void {
  receiver.answer = ({ json }) => answerOf((json.data as unknown as { n: number }).n);
}

const numbers = (receiver: Receiver): readonly number[] =>
  receiver.received.map(({ json }) => (json.data as unknown as { n: number }).n);

async function publish(world: WebhookWorld, dispatcher: ReturnType<WebhookWorld["start"]>, ...all: number[]) {
  for (const n of all) await dispatcher.publish("s1", "messages.upsert", { n });
}

describe("an event that its receiver refuses", () => {
  it.each([413, 400, 500])("is set aside once the receiver has taken the next one: %i", async (status) => {
    await using receiver = await Receiver.start();
    answering(receiver, (n) => (n === 1 ? status : 204));
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 0, 1, 2, 3);
    await expect.poll(() => world.all("webhook.delivered").length).toBe(3);
    expect(world.all("webhook.failed")).toMatchObject([{ attempts: 6, reason: `status ${status}` }]);
    // In order, and each of the others once.
    expect(numbers(receiver)).toEqual([0, 1, 1, 1, 1, 1, 1, 2, 3]);
    const [failed] = await dispatcher.listFailed("s1");
    receiver.answer = () => 204;
    expect(await dispatcher.redeliver("s1", failed?.id ?? "")).toBe("queued");
    await expect.poll(() => numbers(receiver).at(-1)).toBe(1);
    expect(await dispatcher.listFailed("s1")).toEqual([]);
  });

  it("waits when there is none behind it, and goes when one comes that is taken", async () => {
    await using receiver = await Receiver.start();
    answering(receiver, (n) => (n === 1 ? 413 : 204));
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 1);
    await expect.poll(() => receiver.received.length).toBeGreaterThan(8);
    expect(world.all("webhook.failed")).toEqual([]);
    await publish(world, dispatcher, 2);
    await expect.poll(() => world.all("webhook.failed").length).toBe(1);
    expect(world.all("webhook.delivered")).toHaveLength(1);
  });

  it("stays at the head while the receiver takes nothing else either, and then goes first", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 1, 2);
    await expect.poll(() => numbers(receiver).filter((n) => n === 2).length).toBeGreaterThan(2);
    expect(world.all("webhook.failed")).toEqual([]);
    const before = receiver.received.length;
    answering(receiver, () => 204);
    await expect.poll(() => world.all("webhook.delivered").length).toBe(2);
    const ids = new Set(receiver.received.slice(before).map(({ json }) => json.id));
    expect(ids.size).toBe(2);
  });

  it.each([429, 503, 408, 425])("is not given up for an answer that means later: %i", async (status) => {
    await using receiver = await Receiver.start();
    answering(receiver, (n) => (n === 1 ? status : 204));
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 1, 2);
    await expect.poll(() => receiver.received.length).toBeGreaterThan(9);
    expect(new Set(numbers(receiver))).toEqual(new Set([1]));
    expect(world.all("webhook.failed")).toEqual([]);
  });

  it("is not given up for refusals of several kinds: the receiver fails at random", async () => {
    await using receiver = await Receiver.start();
    let count = 0;
    answering(receiver, (n) => (n === 1 ? ((count += 1) % 3 === 0 ? 502 : 500) : 204));
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    await publish(world, world.start(), 1, 2);
    await expect.poll(() => count).toBeGreaterThan(9);
    expect(world.all("webhook.failed")).toEqual([]);
  });
});

describe("a target that our own guard refuses", () => {
  it("fails the event at once, says so, and keeps those behind it", async () => {
    await using receiver = await Receiver.start();
    await using world = new WebhookWorld({ allowPrivateTargets: false });
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 1, 2);
    await expect.poll(() => world.all("webhook.failed").length).toBeGreaterThan(0);
    const [failed] = world.all("webhook.failed");
    expect(failed).toMatchObject({ attempts: 1, reason: expect.stringContaining("allowPrivateTargets") });
    expect(String(failed?.["reason"])).not.toContain("127.0.0.1");
    expect(dispatcher.endpointStates("s1").get("default")).toMatchObject({
      lastError: { reason: failed?.["reason"] },
    });
    expect(receiver.received).toEqual([]);
  });

  it("is forgotten with the endpoint's next success", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    await using world = new WebhookWorld();
    world.session("s1", receiver.url);
    const dispatcher = world.start();
    await publish(world, dispatcher, 1);
    await expect
      .poll(() => dispatcher.endpointStates("s1").get("default")?.lastError?.reason)
      .toBe("status 500");
    receiver.answer = () => 204;
    await expect.poll(() => dispatcher.endpointStates("s1").get("default")?.lastError).toBeUndefined();
  });
});
