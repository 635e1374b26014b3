import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KeySpace } from "../../src/store/space/key-space.js";
import { outboxSpace } from "../../src/webhooks/index.js";
import { WebhookWorld } from "./world.js";

/** Nobody listens there: what is queued stays queued. */
const NOWHERE = "http://127.0.0.1:1/hook";

/** A session with two endpoints, the batches that are written for it, and how reads of the second one go. */
function twoEndpoints(
  world: WebhookWorld,
  read: (keys: () => ReturnType<KeySpace["readEach"]>) => ReturnType<KeySpace["readEach"]>,
) {
  const batches: string[][] = [];
  world.session("s", NOWHERE);
  const record = world.records.get("s");
  if (record?.webhook == null) throw new Error("no webhook");
  world.records.set("s", { ...record, endpoints: { second: record.webhook } });
  const dispatcher = world.start({
    space: (id, endpoint) => {
      const inner = outboxSpace(world.store, id, endpoint);
      return {
        ...inner,
        readEach: (keys) => (endpoint === "second" ? read(() => inner.readEach(keys)) : inner.readEach(keys)),
        write: (entries, along = []) => {
          batches.push([...inner.placed(entries), ...along].map(({ family, id: key }) => `${family} ${key}`));
          return inner.write(entries, along);
        },
      };
    },
  });
  return { dispatcher, batches };
}

describe("an event for two endpoints", () => {
  it("is stored for both in one batch, with what goes along, however long one outbox takes to be read", async () => {
    await using world = new WebhookWorld();
    const { dispatcher, batches } = twoEndpoints(world, async (read) => {
      await sleep(20);
      return read();
    });
    const at = Date.now();
    await dispatcher.enqueue({
      ...{ sessionId: "s", event: "messages.upsert", at, bodies: [{ id: "msg_1", body: "{}" }] },
      along: () => [{ family: "event-log", id: "e.0", value: "{}" }],
    });
    expect(batches[0]?.sort()).toEqual([
      ...["event-log e.0", "webhook q.0", "webhook state", "webhook-second q.0", "webhook-second state"],
    ]);
  });

  it("is stored for none while the outbox of one can't be read", async () => {
    await using world = new WebhookWorld();
    let isAway = true;
    const { dispatcher, batches } = twoEndpoints(world, (read) =>
      isAway ? Promise.reject(new Error("away")) : read(),
    );
    const queued = (): Promise<void> => dispatcher.publish("s", "messages.upsert", {});
    await expect(queued()).rejects.toThrow("away");
    expect(batches.flat().filter((key) => key.includes(" q."))).toEqual([]);
    isAway = false;
    await queued();
    expect(batches.flat().filter((key) => key.includes(" q."))).toEqual([
      "webhook q.0",
      "webhook-second q.0",
    ]);
  });

  it("is stored for the one that is left when the other is removed meanwhile", async () => {
    await using world = new WebhookWorld();
    const { dispatcher } = twoEndpoints(world, (read) => read());
    const queued = dispatcher.publish("s", "messages.upsert", {});
    await Promise.all([queued, dispatcher.removeEndpoint("s", "second")]);
    expect(world.keys("s")).toContain("wa/s/webhook/q.0");
    expect([...world.map.keys()].filter((key) => key.startsWith("wa/s/webhook-second/"))).toEqual([]);
  });
});

it("an event that could not be stored is known to be lost before the next batch is made", async () => {
  await using world = new WebhookWorld();
  world.session("s", NOWHERE);
  let fail: ((error: Error) => void) | undefined;
  const dispatcher = world.start({
    space: (id, endpoint) => {
      const inner = outboxSpace(world.store, id, endpoint);
      const write: KeySpace["write"] = (entries, along) =>
        fail === undefined ? new Promise((_, reject) => (fail = reject)) : inner.write(entries, along);
      return { ...inner, write };
    },
  });
  const enqueue = (id: string, along = (): [] => []): Promise<void> =>
    dispatcher.enqueue({
      ...{ sessionId: "s", event: "messages.upsert", at: Date.now(), bodies: [{ id, body: "{}" }], along },
    });
  let heard = enqueue("msg_1");
  // Who waits for it stands behind several others.
  for (let others = 0; others < 50; others += 1) heard = heard.then(() => {});
  let isHeard = false;
  const hearing = heard.catch(() => (isHeard = true));
  await expect.poll(() => fail).toBeDefined();
  const known: boolean[] = [];
  const next = enqueue("msg_2", () => {
    known.push(isHeard);
    return [];
  });
  fail?.(new Error("away"));
  await Promise.all([hearing, next]);
  expect(known).toEqual([true]);
});
