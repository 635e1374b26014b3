import { afterEach, describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { Child } from "../support/child.js";
import { extent } from "../support/extent.js";

const SCRIPT = new URL("../support/engine-child.ts", import.meta.url);
/** Reconnects, with a message each way between two of them. */
const RECONNECTS = extent(500, 1_000);
/** Before the first look: the caches of sent messages and of devices are bounded, and full by then. */
const WARM_UP = extent(200, 400);
const PARTS = 5;
/** What may stay of each: whaileys' own defaults would leave 5,400 bytes, without a message. */
const MAX_GROWTH_BYTES = 1_000;

/** Compiled code comes and goes for as long as a process runs: without the optimiser what is left of the heap are objects. */
const FLAGS = ["--expose-gc", "--no-opt", "--no-sparkplug", "--no-flush-bytecode"];

interface Measured {
  readonly heap: number;
  readonly timers: number;
  readonly listeners: number;
}

describe(`${RECONNECTS} reconnects of one session, with messages between them`, { timeout: 180_000 }, () => {
  let child: Child | undefined;

  afterEach(async () => {
    await child?.end("SIGKILL");
  });

  it("leave heap, timers and listeners as they were", async () => {
    await using emulator = await WhatsAppEmulator.start();
    const phone = emulator.addPhone({ phoneNumber: "5511999990003" });
    const friend = emulator.addPhone({ phoneNumber: "5511999990004" });
    emulator.on("message", ({ phoneNumber, message: { text, fromMe } }) => {
      if (phoneNumber === friend.phoneNumber && !fromMe) friend.sendText(phone, `answer to ${text}`);
    });
    child = new Child(SCRIPT, ["memory:", emulator.url, "connect"], FLAGS);
    await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
    await child.fact(({ status }) => status === "connected");
    const measure = async (cycles: number): Promise<Measured> => {
      const from = child?.facts.length ?? 0;
      child?.send(`cycle ${cycles} ${friend.jid}`);
      const fact = await child?.fact((one) => "heap" in one, { from, timeoutMs: 60_000 });
      return fact as unknown as Measured;
    };
    const warm = await measure(WARM_UP);
    const parts: Measured[] = [];
    for (let part = 0; part < PARTS; part += 1) parts.push(await measure(RECONNECTS / PARTS));
    const slope = slopeOf(parts.map(({ heap }) => heap)) / (RECONNECTS / PARTS);
    const story = [warm, ...parts].map(({ heap }) => heap).join(" > ");
    expect(slope, `bytes per reconnect: ${story}`).toBeLessThan(MAX_GROWTH_BYTES);
    for (const { timers, listeners } of parts) {
      expect(timers).toBeLessThanOrEqual(warm.timers + 1);
      expect(listeners).toBe(warm.listeners);
    }
    expect(friend.messages.filter(({ fromMe }) => !fromMe)).toHaveLength(WARM_UP + RECONNECTS);
  });
});

/** Of the line that fits best through the values, one step apart. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  return above / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}

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
