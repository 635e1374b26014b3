import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/async/backoff.js";

const bounds = { firstMs: 100, maxMs: 1_000 };

describe("backoffMs", () => {
  it("doubles its ceiling with each failure, up to the longest wait", () => {
    const ceilings = [1, 2, 3, 4, 5, 60, 2_000].map((failures) => backoffMs(failures, bounds, () => 1));
    expect(ceilings).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it("spreads over the whole ceiling with full jitter, over its upper half with half", () => {
    expect(backoffMs(2, bounds, () => 0)).toBe(0);
    expect(backoffMs(2, bounds, () => 0, 0.5)).toBe(100);
    expect(backoffMs(2, bounds, () => 0.5, 0.5)).toBe(150);
  });

  it("takes no failure for the first", () => {
    expect(backoffMs(0, bounds, () => 1)).toBe(100);
  });
});
