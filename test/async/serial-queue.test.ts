import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SerialQueue } from "../../src/async/serial-queue.js";

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

  it("begins no turn before all that the one before began has settled", async () => {
    const turns = new SerialQueue({ reentrant: true });
    const story: string[] = [];
    const slow = turns.run(async () => {
      const part = turns.run(async () => {
        await setImmediate();
        await setImmediate();
        story.push("left behind");
      });
      part.catch(() => {});
      return "first";
    });
    const next = turns.run(async () => void story.push("next"));
    expect(await slow).toBe("first");
    await next;
    expect(story).toEqual(["left behind", "next"]);
  });

  it("lets what a failed turn had just begun be a part of it", async () => {
    const turns = new SerialQueue({ reentrant: true });
    const story: string[] = [];
    const begun = async (): Promise<void> => {
      await Promise.resolve();
      await turns.run(async () => {
        await setImmediate();
        story.push("left behind");
      });
    };
    const failed = turns.run(() => Promise.all([begun(), Promise.reject(new Error("no"))]));
    const next = turns.run(async () => void story.push("next"));
    await expect(failed).rejects.toThrow("no");
    await next;
    expect(story).toEqual(["left behind", "next"]);
  });

  it("does not let a turn wait for what one before left behind, which would wait for its own turn", async () => {
    const turns = new SerialQueue({ reentrant: true });
    let unlock = (): void => {};
    let locked: Promise<unknown> = Promise.resolve();
    await turns.run(async () => {
      const later = new Promise<void>((resolve) => (unlock = resolve));
      locked = later.then(() => turns.run(async () => "unlocked"));
    });
    const next = turns.run(async () => {
      unlock();
      return locked;
    });
    expect(await next).toBe("unlocked");
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
