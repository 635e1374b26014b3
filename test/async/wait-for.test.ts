import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../src/async/deadline.js";

const never = new Promise<never>(() => {});

describe("waitFor", () => {
  it("gives the value, and leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    expect(await waitFor(Promise.resolve(7), { timeoutMs: 1_000, signal })).toEqual({
      by: "value",
      value: 7,
    });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("says that the time ran out", async () => {
    expect(await waitFor(never, { timeoutMs: 1 })).toEqual({ by: "timeout" });
  });

  it("says that the signal ended it, before or during the wait", async () => {
    const controller = new AbortController();
    const waiting = waitFor(never, { signal: controller.signal });
    controller.abort("enough");
    expect(await waiting).toEqual({ by: "abort", reason: "enough" });
    expect(await waitFor(never, { signal: controller.signal })).toEqual({ by: "abort", reason: "enough" });
  });

  it("rejects as the promise does", async () => {
    await expect(waitFor(Promise.reject(new Error("refused")), { timeoutMs: 10 })).rejects.toThrow("refused");
  });

  it("takes a time-out that no timer can hold for none", async () => {
    const value = new Promise<string>((resolve) => setImmediate(() => setImmediate(resolve, "late")));
    expect(await waitFor(value, { timeoutMs: 2 ** 31 })).toEqual({ by: "value", value: "late" });
  });
});
