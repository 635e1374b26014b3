import { afterEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { Child } from "../support/child.js";

const SCRIPT = new URL("../support/engine-child.ts", import.meta.url);
/** What 100 reconnects may leave behind: whaileys' own defaults would leave 540 kB. */
const MAX_GROWTH_BYTES = 150_000;

describe("200 reconnects of one session", { timeout: 60_000 }, () => {
  let child: Child | undefined;

  afterEach(async () => {
    await child?.end("SIGKILL");
  });

  it("leave heap, timers and listeners as they were", async () => {
    await using emulator = await WhatsAppEmulator.start();
    const phone = emulator.addPhone({ phoneNumber: "5511999990003" });
    child = new Child(SCRIPT, ["memory:", emulator.url, "connect"], ["--expose-gc"]);
    await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
    await child.fact(({ status }) => status === "connected");
    const measure = async (cycles: number) => {
      const from = child?.facts.length ?? 0;
      child?.send(`cycle ${cycles}`);
      return (await child?.fact((fact) => "heap" in fact, { from, timeoutMs: 30_000 })) as {
        heap: number;
        timers: number;
        listeners: number;
      };
    };
    // Code and caches warm up first.
    const warm = await measure(300);
    const half = await measure(100);
    const full = await measure(100);
    const growth = Math.min(half.heap - warm.heap, full.heap - half.heap);
    expect(growth, `${warm.heap} > ${half.heap} > ${full.heap} bytes`).toBeLessThan(MAX_GROWTH_BYTES);
    expect(full.timers).toBeLessThanOrEqual(warm.timers + 1);
    expect(full.listeners).toBe(warm.listeners);
  });
});

describe("a process whose manager was stopped", { timeout: 30_000 }, () => {
  it("ends by itself within two seconds, also with queries that nobody will answer", async () => {
    await using emulator = await WhatsAppEmulator.start();
    const phone = emulator.addPhone({ phoneNumber: "5511999990005" });
    const child = new Child(SCRIPT, ["memory:", emulator.url, "connect"]);
    try {
      await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
      await child.fact(({ status }) => status === "connected");
      emulator.disconnect(phone.jid, { how: "silence" });
      child.send("send 5511999990006@s.whatsapp.net into-the-void");
      const begun = performance.now();
      child.send("stop");
      await child.ended(5_000);
      expect(performance.now() - begun).toBeLessThan(2_000);
      expect(child.exitCode, child.output).toBe(0);
    } finally {
      await child.end("SIGKILL");
    }
  });
});
