import { describe, expect, it } from "vitest";
import { Recent } from "../../src/async/recent.js";

/** A value that counts up with each reading; readings settle by hand. */
function counted({ pauseMs = 0 } = {}) {
  const begun: number[] = [];
  const open: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const recent = new Recent(
    () => {
      begun.push(performance.now());
      return new Promise<number>((resolve, reject) => open.push({ resolve, reject }));
    },
    { pauseMs },
  );
  /** Settles when so many readings have begun. */
  const untilBegun = (readings: number): Promise<void> => expect.poll(() => begun.length).toBe(readings);
  return { recent, begun, open, untilBegun };
}

describe("a recent value", () => {
  it("is read once for all who ask meanwhile, and for those who take it as old as it is", async () => {
    const { recent, begun, open, untilBegun } = counted();
    const asked = performance.now();
    const both = Promise.all([recent.asOf(asked), recent.asOf(asked)]);
    await untilBegun(1);
    open[0]?.resolve(1);
    expect(await both).toEqual([1, 1]);
    expect(await recent.asOf(asked)).toBe(1);
    expect(begun).toHaveLength(1);
  });

  it("is read again for who asks for it as it is later, with one reading at a time", async () => {
    const { recent, begun, open, untilBegun } = counted();
    const early = recent.asOf(performance.now());
    await untilBegun(1);
    const late = Promise.all([recent.asOf(performance.now()), recent.asOf(performance.now())]);
    open[0]?.resolve(1);
    expect(await early).toBe(1);
    await untilBegun(2);
    open[1]?.resolve(2);
    expect(await late).toEqual([2, 2]);
    expect(begun).toHaveLength(2);
  });

  it("is not believed after a change of one's own, though a reading was under way", async () => {
    const { recent, open, untilBegun } = counted();
    const before = performance.now();
    const stale = recent.asOf(before);
    await untilBegun(1);
    recent.forget();
    const fresh = recent.asOf(before);
    open[0]?.resolve(1);
    expect(await stale).toBe(1);
    await untilBegun(2);
    open[1]?.resolve(2);
    expect(await fresh).toBe(2);
  });

  it("leaves a pause between the starts of readings, after failures too", async () => {
    const { recent, begun, open, untilBegun } = counted({ pauseMs: 60 });
    const failing = recent.asOf(performance.now());
    await untilBegun(1);
    open[0]?.reject(new Error("down"));
    await expect(failing).rejects.toThrow("down");
    const second = recent.asOf(0);
    await untilBegun(2);
    open[1]?.resolve(2);
    expect(await second).toBe(2);
    const [first = 0, next = 0] = begun;
    expect(next - first).toBeGreaterThan(55);
  });
});
