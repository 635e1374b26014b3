import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chaosCases, runChaosCase } from "../support/chaos.js";
import { Child } from "../support/child.js";

const SCRIPT = new URL("../chaos/engine.ts", import.meta.url);

describe("a connection that breaks in the middle", { timeout: 30_000 }, () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(() => {
    process.on("unhandledRejection", listener);
  });

  afterAll(() => {
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });

  it.concurrent.each(chaosCases)(
    "$action at $at: the session notices in time, and is back when the trouble is over",
    async (one) => {
      const { noticedMs, recoveredMs } = await runChaosCase(one);
      expect(noticedMs).toBeLessThan(8_000);
      expect(recoveredMs).toBeLessThan(5_000);
    },
  );
});

describe("a process with many breaking connections and no net under it", { timeout: 60_000 }, () => {
  it("lives, ends by itself, and every session is back", async () => {
    const child = new Child(SCRIPT, []);
    try {
      await child.ended(50_000);
      expect(child.output).toContain(`${chaosCases.length} passed, 0 failed`);
      expect(child.exitCode, child.output).toBe(0);
    } finally {
      await child.end("SIGKILL");
    }
  });
});
