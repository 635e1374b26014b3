import { describe, expect, it } from "vitest";
import { once } from "../../src/async/once.js";

function counted(outcomes: readonly ("ok" | "fail")[]) {
  let calls = 0;
  const work = async (): Promise<number> => {
    calls += 1;
    const call = calls;
    await Promise.resolve();
    if (outcomes[call - 1] === "fail") throw new Error(`call ${call}`);
    return call;
  };
  return { work, calls: () => calls };
}

describe("once", () => {
  it("shares one run between calls that overlap and calls that follow", async () => {
    const { work, calls } = counted(["ok"]);
    const load = once(work);
    expect(await Promise.all([load(), load()])).toEqual([1, 1]);
    expect(await load()).toBe(1);
    expect(calls()).toBe(1);
  });

  it("tries again after a failure, which all callers of that run see", async () => {
    const { work } = counted(["fail", "ok"]);
    const load = once(work);
    const first = await Promise.allSettled([load(), load()]);
    expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await load()).toBe(2);
  });

  it("keeps a failure where it is told to", async () => {
    const { work, calls } = counted(["fail", "ok"]);
    const stop = once(work, { again: "never" });
    await expect(stop()).rejects.toThrow("call 1");
    await expect(stop()).rejects.toThrow("call 1");
    expect(calls()).toBe(1);
  });

  it("runs again once the last run has settled where only overlapping calls are shared", async () => {
    const { work } = counted(["ok", "fail", "ok"]);
    const refresh = once(work, { again: "settled" });
    expect(await Promise.all([refresh(), refresh()])).toEqual([1, 1]);
    await expect(refresh()).rejects.toThrow("call 2");
    expect(await refresh()).toBe(3);
  });

  it("can be awaited without a start: the present run settles first, failed or not", async () => {
    const { work, calls } = counted(["fail"]);
    const open = once(work);
    await open.settled();
    expect(calls()).toBe(0);
    let failed = false;
    open().catch(() => (failed = true));
    await open.settled();
    expect(failed).toBe(true);
    expect(calls()).toBe(1);
  });

  it("turns a throw into a rejection", async () => {
    const load = once(() => {
      throw new Error("at once");
    });
    await expect(load()).rejects.toThrow("at once");
  });
});
