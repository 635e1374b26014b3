import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it, onTestFinished } from "vitest";
import type { PublishingDispatcher } from "./publishing-dispatcher.js";
import { Receiver } from "./receiver.js";
import { WebhookWorld } from "./world.js";

/** Longer than any test: nothing but the end of the test ends a request that hangs. */
const FOR_EVER = { timeoutMs: 600_000 };

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

async function embeddedUrl(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "zpwoot-hanging-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return `lmdb:${path}`;
}

/** The median time from an event to its delivery, over so many, one after the other. */
async function medianLatency(
  dispatcher: PublishingDispatcher,
  receiver: Receiver,
  count = 150,
): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const before = receiver.received.length;
    const begun = performance.now();
    await dispatcher.publish("b", "messages.upsert", { n });
    await receiver.until(({ length }) => length > before);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[count >> 1] as number;
}

async function publishMany(dispatcher: PublishingDispatcher, count: number, text: string): Promise<void> {
  for (let done = 0; done < count; done += 50) {
    const some = Array.from({ length: 50 }, (_, n) =>
      dispatcher.publish("a", "messages.upsert", { n, text }),
    );
    await Promise.all(some);
  }
}

describe("a receiver that hangs for ever", () => {
  it("leaves the delivery latency of another session as it was", async () => {
    await using hanging = await Receiver.start();
    hanging.answer = () => "hang";
    await using healthy = await Receiver.start();
    await using world = new WebhookWorld(FOR_EVER, await embeddedUrl());
    await world.store.open();
    world.session("a", hanging.url);
    world.session("b", healthy.url);
    const dispatcher = world.start();
    await medianLatency(dispatcher, healthy);
    const before = await medianLatency(dispatcher, healthy);
    await publishMany(dispatcher, 1_000, "waiting");
    await hanging.until(({ length }) => length === 1);
    const beside = await medianLatency(dispatcher, healthy);
    expect(hanging.received).toHaveLength(1);
    expect(dispatcher.stats().queued).toBeGreaterThanOrEqual(1_000);
    // Two and a half times, and a few milliseconds, for a machine that has other things to do.
    expect(beside).toBeLessThan(before * 2.5 + 5);
    expect(hanging.connections).toBe(1);
  }, 30_000);

  it("leaves the memory flat however much is queued for it", async () => {
    await using hanging = await Receiver.start();
    hanging.answer = () => "hang";
    await using world = new WebhookWorld(FOR_EVER, await embeddedUrl());
    await world.store.open();
    world.session("a", hanging.url);
    const dispatcher = world.start();
    const used = (): number => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const text = "x".repeat(8_000);
    await publishMany(dispatcher, 500, text);
    const before = used();
    await publishMany(dispatcher, 4_000, text);
    const { queuedBytes } = dispatcher.stats();
    expect(queuedBytes).toBeGreaterThan(35_000_000);
    expect(used() - before).toBeLessThan(6_000_000);
  }, 60_000);
});
