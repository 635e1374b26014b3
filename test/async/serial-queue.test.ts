import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SerialQueue } from "../../src/async/serial-queue.js";

/** Settles when what was left behind for the next turn of the loop has asked for its own. */
async function leftBehindIsThere(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

describe("work that takes turns", () => {
  it("runs one after the other, and gives what it gives", async () => {
    const turns = new SerialQueue({ reentrant: true });
    const story: string[] = [];
    const work = (name: string) => async () => {
      story.push(`${name} begins`);
      await setImmediate();
      story.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([turns.run(work("first")), turns.run(work("second"))])).toEqual([
      "first",
      "second",
    ]);
    expect(story).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });

  it("goes on after work that failed, whose error goes to its caller alone", async () => {
    const turns = new SerialQueue({ reentrant: true });
    const failed = turns.run(() => Promise.reject(new Error("no")));
    const next = turns.run(async () => "done");
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("done");
  });

  it("does not wait for itself when work asks for another turn", async () => {
    const turns = new SerialQueue({ reentrant: true });
    expect(await turns.run(() => turns.run(async () => "inner"))).toBe("inner");
  });

  it("knows its own turns inside those of others", async () => {
    const [outer, inner] = [new SerialQueue({ reentrant: true }), new SerialQueue({ reentrant: true })];
    const nested = outer.run(() => inner.run(() => outer.run(() => inner.run(async () => "innermost"))));
    expect(await nested).toBe("innermost");
  });

  it("lets what a turn left behind wait like any other", async () => {
    const turns = new SerialQueue({ reentrant: true });
    const story: string[] = [];
    let leftBehind: Promise<unknown> = Promise.resolve();
    await turns.run(async () => {
      leftBehind = setImmediate().then(() => turns.run(async () => void story.push("left behind")));
    });
    const next = turns.run(async () => {
      story.push("next begins");
      await leftBehindIsThere();
      story.push("next ends");
    });
    await Promise.all([next, leftBehind]);
    expect(story).toEqual(["next begins", "next ends", "left behind"]);
  });

  it("leaves as much on the promises of the process, however many queues there are", async () => {
    const marks = (): number => Object.getOwnPropertySymbols(Promise.resolve()).length;
    const enter = (): Promise<void> => new SerialQueue({ reentrant: true }).run(async () => {});
    await enter();
    const before = marks();
    for (let n = 0; n < 50; n += 1) await enter();
    expect(marks()).toBe(before);
  });
});
