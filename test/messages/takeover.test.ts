/** Two live processes on one store: what one has queued is sent by the next, once. */
import { expect, it, onTestFinished } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { Child, type Fact } from "../support/child.js";
import { extent } from "../support/extent.js";
import { freezeBetweenWrites, lmdbFolder } from "../support/places.js";

const SCRIPT = new URL("../support/send-child.ts", import.meta.url);
const WITHIN_MS = 40_000;
const COUNT = 30;
/** One in 20 ms: the first process sends some of them. */
const PER_MINUTE = "3000";

const keyOf = (text = ""): string => text.replace(" ", "-");

it.each([
  { how: "stops", take: (first: Child): unknown => first.send("stop") },
  // Longer than its lease: it believes that it owns the store when it wakes.
  ...extent(
    [],
    [
      {
        how: "hangs and wakes",
        take: (first: Child, folder: string): unknown => freezeBetweenWrites(first, folder),
      },
    ],
  ),
])(
  "what a process has queued is sent by the one that waits for it when it $how: each shown once, in order",
  async ({ how, take }) => {
    const emulator = await WhatsAppEmulator.start();
    const place = await lmdbFolder();
    const children: Child[] = [];
    onTestFinished(async () => {
      await Promise.all(children.map((child) => child.end("SIGKILL")));
      await emulator.stop();
      await place.dispose();
    });
    const start = (...more: readonly string[]): Child => {
      const child = new Child(SCRIPT, [place.url, emulator.url, "whaileys", PER_MINUTE, ...more]);
      children.push(child);
      return child;
    };
    const connected = (child: Child): Promise<Fact> =>
      child.fact(({ status }) => status === "connected", { timeoutMs: WITHIN_MS });
    const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
    const first = start();
    await phone.scan(String((await first.fact((fact) => "qr" in fact, { timeoutMs: WITHIN_MS }))["qr"]));
    await connected(first);
    const second = start("wait");
    await second.fact((fact) => "begun" in fact, { timeoutMs: WITHIN_MS });
    const texts = Array.from({ length: COUNT }, (_, n) => `text ${n}`);
    for (const text of texts)
      first.send(JSON.stringify({ key: keyOf(text), to: friend.jid, text, queue: true }));
    await first.fact(({ key, answer }) => key === keyOf(texts.at(-1)) && answer !== undefined, {
      timeoutMs: WITHIN_MS,
    });
    await friend.waitForMessage(({ text }) => text === "text 2", { timeoutMs: WITHIN_MS });
    await take(first, place.folder);
    await connected(second);
    if (how !== "stops") first.signal("SIGCONT");
    await friend.waitForMessage(({ text }) => text === texts.at(-1), { timeoutMs: WITHIN_MS });
    expect(friend.messages.map(({ text }) => text)).toEqual(texts);
    const sentBy = ({ facts }: Child): number => facts.filter(({ told }) => told !== undefined).length;
    expect(sentBy(first)).toBeGreaterThan(0);
    expect(sentBy(second)).toBeGreaterThan(0);
    expect(emulator.violations).toEqual([]);
  },
  120_000,
);
