import { describe, expect, it } from "vitest";
import { WakeSignal } from "../../src/async/wake-signal.js";

describe("wake signal", () => {
  it("does not lose a ring between two waits", async () => {
    const bell = new WakeSignal();
    bell.wake();
    await bell.wait();
    expect(true).not.toBe(
      (await Promise.race([
        bell.wait(5).then(() => "timed out"),
        Promise.resolve().then(() => "pending"),
      ])) === "timed out",
    );
  });

  it("ends a wait at the next ring", async () => {
    const bell = new WakeSignal();
    const waited = bell.wait(60_000);
    bell.wake();
    await waited;
    expect(bell).toBeInstanceOf(WakeSignal);
  });

  it("ends a wait of no length at once", async () => {
    const before = performance.now();
    await new WakeSignal().wait(-5);
    expect(performance.now() - before).toBeLessThan(50);
  });

  it("takes a wait longer than a timer can be", async () => {
    const bell = new WakeSignal();
    const waited = bell.wait(2 ** 40);
    bell.wake();
    await expect(waited).resolves.toBeUndefined();
  });
});
