/** Writes of an outbox that fail although the store has taken them: the answer came too late, or not at all. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { KeySpace } from "../../src/store/space/key-space.js";
import type { SpaceEntry } from "../../src/store/space/session-space.js";
import { Receiver } from "./receiver.js";
import { WebhookWorld } from "./world.js";

const UNANSWERED = "no answer";

/** A world in which the answers to writes get lost while that is said. */
function losingAnswers() {
  const world = new WebhookWorld();
  const { space } = world;
  const lost = { is: false, answers: 0, certain: 0 };
  world.space = (id): KeySpace => {
    const inner = space(id);
    const write = async (
      entries: ReadonlyMap<string, unknown>,
      along?: readonly SpaceEntry[],
    ): Promise<void> => {
      await inner.write(entries, along);
      if (!lost.is) return;
      lost.answers += 1;
      throw new Error(UNANSWERED);
    };
    const certain = async (): Promise<void> => {
      lost.certain += 1;
      await inner.certain();
    };
    return { ...inner, write, certain };
  };
  return { world, lost };
}

/** A session with an endpoint in such a world. */
async function publishing() {
  const receiver = await Receiver.start();
  const { world, lost } = losingAnswers();
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });
  world.session("s1", receiver.url);
  return { world, receiver, lost, dispatcher: world.start() };
}

const numbersOf = ({ received }: Receiver): readonly number[] =>
  received.map(({ json }) => (json.data as { n: number }).n);

describe("an event whose write was not answered, but stored", () => {
  it("is delivered all the same, in its place: the next one is not written over it", async () => {
    const { receiver, dispatcher, lost } = await publishing();
    await dispatcher.publish("s1", "messages.upsert", { n: 0 });
    lost.is = true;
    await expect(dispatcher.publish("s1", "messages.upsert", { n: 1 })).rejects.toThrow(UNANSWERED);
    lost.is = false;
    await dispatcher.publish("s1", "messages.upsert", { n: 2 });
    await receiver.until((received) => received.length === 3);
    expect(numbersOf(receiver)).toEqual([0, 1, 2]);
    expect(lost.certain).toBeGreaterThan(0);
    await expect.poll(() => dispatcher.stats()).toMatchObject({ queued: 0, queuedBytes: 0 });
  });

  it("is delivered without waiting for another event", async () => {
    const { receiver, dispatcher, lost } = await publishing();
    lost.is = true;
    await expect(dispatcher.publish("s1", "messages.upsert", { n: 0 })).rejects.toThrow(UNANSWERED);
    lost.is = false;
    await receiver.until((received) => received.length === 1);
    await expect.poll(() => dispatcher.stats()).toMatchObject({ queued: 0, queuedBytes: 0 });
  });
});

describe("a delivery whose outcome was stored without an answer", () => {
  it("is not delivered again, and what follows keeps its count", async () => {
    const { world, receiver, dispatcher, lost } = await publishing();
    await dispatcher.publish("s1", "messages.upsert", { n: 0 });
    lost.is = true;
    await receiver.until((received) => received.length === 1);
    await expect.poll(() => lost.answers).toBeGreaterThan(0);
    lost.is = false;
    await dispatcher.publish("s1", "messages.upsert", { n: 1 });
    await receiver.until((received) => received.length === 2);
    expect(numbersOf(receiver)).toEqual([0, 1]);
    await expect.poll(() => dispatcher.stats()).toMatchObject({ queued: 0, queuedBytes: 0 });
    expect(world.keys("s1").filter((key) => key.includes("/q."))).toEqual([]);
  });
});
