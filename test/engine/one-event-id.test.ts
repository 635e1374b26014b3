/** A message is one event with one id, wherever it goes: a process is killed while it stores it for two endpoints and the event log. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { WebhookPayload } from "../../src/events/payload.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { Child } from "../support/child.js";
import { extent } from "../support/extent.js";
import type { MessageChildOptions } from "../support/message-child.js";
import { lmdbFolder } from "../support/places.js";
import { Receiver } from "../webhooks/receiver.js";

const SCRIPT = new URL("../support/message-child.ts", import.meta.url);

/** Whether an event has a message with the text. */
function has(text: string, { data }: Pick<WebhookPayload, "data">): boolean {
  return JSON.stringify(data).includes(text);
}

describe("a message that goes to two endpoints and the event log", { timeout: 60_000 }, () => {
  it.each([
    { library: "whaileys", stall: "after", durable: true },
    { library: "whaileys", stall: "before", durable: false },
    ...extent([], [
      { library: "baileys-7", stall: "after", durable: true },
      { library: "whaileys", stall: "before", durable: true },
    ] as const),
  ] as const)(
    "has one id after a kill -9 $stall its first batch is stored: $library, stored log: $durable",
    async ({ library, stall, durable }) => {
      const place = await lmdbFolder();
      await using emulator = await WhatsAppEmulator.start();
      await using first = await Receiver.start();
      await using second = await Receiver.start();
      const children: Child[] = [];
      onTestFinished(async () => {
        for (const child of children) await child.end("SIGKILL");
        await place.dispose();
      });
      const start = (options: MessageChildOptions): Child => {
        const more = JSON.stringify({ second: second.url, durable, ...options });
        const child = new Child(SCRIPT, [place.url, emulator.url, library, first.url, more]);
        children.push(child);
        return child;
      };
      const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
      const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
      const linking = start({});
      await phone.scan(String((await linking.fact((fact) => "qr" in fact))["qr"]));
      await linking.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      await linking.end("SIGKILL");

      const killed = start({ stall });
      await killed.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      friend.sendText(phone, "once");
      await killed.fact((fact) => "stalled" in fact);
      if (stall === "after") await first.until((all) => all.some(({ json }) => has("once", json)), 10_000);
      await killed.end("SIGKILL");

      const last = start({});
      await last.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      friend.sendText(phone, "behind it");
      for (const receiver of [first, second])
        await receiver.until((all) => all.some(({ json }) => has("behind it", json)), 10_000);
      const shown = (): readonly WebhookPayload[] =>
        children.flatMap(({ facts }) =>
          facts.flatMap(({ logged }) => (logged ? [logged as WebhookPayload] : [])),
        );
      await expect.poll(() => shown().some((event) => has("behind it", event))).toBe(true);
      const ids = [...first.received, ...second.received].map(({ json }) => json).concat(shown());
      const once = ids.filter((event) => has("once", event));
      expect(once.length).toBeGreaterThanOrEqual(3);
      expect(new Set(once.map(({ id }) => id)).size).toBe(1);
      expect(emulator.violations).toEqual([]);
    },
  );
});
