import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SilenceWatch } from "../../src/whatsapp/silence-watch.js";

afterEach(() => void vi.useRealTimers());

describe("the watch for a connection that is dead without a close", () => {
  it("reports the silence, also while the clock of the machine was set back an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const silent = vi.fn();
    const watch = new SilenceWatch(50, silent);
    watch.start();
    vi.setSystemTime(Date.now() - 3_600_000);
    await sleep(900);
    expect(silent).not.toHaveBeenCalled();
    await sleep(400);
    expect(silent).toHaveBeenCalledTimes(1);
  });

  it("reports nothing while frames arrive, before the start and after the stop", async () => {
    const silent = vi.fn();
    const watch = new SilenceWatch(50, silent);
    await sleep(100);
    watch.start();
    const frames = setInterval(() => watch.frame(), 20);
    await sleep(1_300);
    clearInterval(frames);
    watch.stop();
    await sleep(1_200);
    expect(silent).not.toHaveBeenCalled();
  });

  it("takes no busy process for a silent connection", async () => {
    const silent = vi.fn();
    const watch = new SilenceWatch(50, silent);
    watch.start();
    const until = performance.now() + 1_500;
    while (performance.now() < until);
    // What waited to be read in the meantime.
    setImmediate(() => watch.frame());
    await sleep(200);
    watch.stop();
    expect(silent).not.toHaveBeenCalled();
  });
});
