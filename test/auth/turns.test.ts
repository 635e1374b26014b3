import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Turns } from "../../src/auth/turns.js";

describe("work that takes turns by a key", () => {
  it("runs one after the other under one key, at once under another, and gives what it gives", async () => {
    const turns = new Turns();
    const story: string[] = [];
    const work = (name: string) => async () => {
      story.push(`${name} begins`);
      await setImmediate();
      story.push(`${name} ends`);
      return name;
    };
    const given = await Promise.all([
      turns.run("a", work("first")),
      turns.run("a", work("second")),
      turns.run("b", work("other")),
    ]);
    expect(given).toEqual(["first", "second", "other"]);
    expect(story.indexOf("second begins")).toBeGreaterThan(story.indexOf("first ends"));
    expect(story.indexOf("other begins")).toBeLessThan(story.indexOf("first ends"));
  });

  it("goes on after work that failed, whose error goes to its caller alone", async () => {
    const turns = new Turns();
    const failed = turns.run("a", () => Promise.reject(new Error("no")));
    const next = turns.run("a", async () => "done");
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("done");
  });

  it("does not wait for itself when work asks for another turn", async () => {
    const turns = new Turns();
    expect(await turns.run("a", () => turns.run("a", async () => "inner"))).toBe("inner");
  });
});
