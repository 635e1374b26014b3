import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { Receiver } from "./receiver.js";
import { WebhookWorld } from "./world.js";

const STATE = "wa/s1/webhook/state";

describe.each([
  ["cut off", '{"value":{"version":1,"he'],
  ["emptied", ""],
  ["of another form", '{"value":{"version":1,"head":"first"}}'],
])("an outbox whose state is %s", (_, garbage) => {
  it("is made again from what is queued and failed: nothing is lost, the order is kept, and it is said once", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 503;
    await using world = new WebhookWorld({ maxQueued: 3 });
    world.session("s1", receiver.url);
    const before = world.start();
    for (const n of [0, 1, 2, 3, 4]) await before.publish("s1", "messages.upsert", { n });
    await before.stop();
    world.map.set(STATE, garbage);

    const lines: string[] = [];
    receiver.received.length = 0;
    receiver.answer = () => 204;
    const after = world.start({ logger: { ...SILENT, warn: (_fields, text) => void lines.push(text) } });
    await after.resume(["s1"]);
    expect(after.stats()).toMatchObject({ failed: 2 });
    await receiver.until((received) => received.length === 3);
    await after.publish("s1", "messages.upsert", { n: 5 });
    for (const { id } of await after.listFailed("s1")) expect(await after.redeliver("s1", id)).toBe("queued");
    await receiver.until((received) => received.length === 6);
    expect(receiver.received.map(({ json }) => (json.data as { n: number }).n)).toEqual([0, 1, 2, 5, 3, 4]);
    expect(lines).toEqual([
      "The state of a webhook outbox can't be read; it was made again from what is queued",
    ]);
    await expect.poll(() => after.stats()).toMatchObject({ queued: 0, queuedBytes: 0, failed: 0 });
  });

  it("is removed with all that is queued, and so is an empty one", async () => {
    await using world = new WebhookWorld();
    world.session("s1", null);
    world.map.set(STATE, garbage);
    await world.start().forget("s1");

    await using full = new WebhookWorld();
    full.session("s1", "http://127.0.0.1:9/");
    const before = full.start();
    await before.publish("s1", "messages.upsert", {});
    await before.stop();
    full.map.set(STATE, garbage);
    await full.start().forget("s1");
    expect(full.keys("s1")).toEqual([]);
  });
});
