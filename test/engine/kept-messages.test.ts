/** A message that WhatsApp believes delivered has reached the webhook or is in its outbox. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child } from "../support/child.js";
import { Receiver, type Received } from "../webhooks/receiver.js";
import type { EngineWorld } from "../support/engine.js";
import { extent } from "../support/extent.js";
import { LIBRARIES } from "../support/libraries.js";
import { PLACES, runMessages, type MessageRun } from "../support/message-run.js";
import { lmdbFolder } from "../support/places.js";
import { seeded } from "../support/random.js";
import { StallingAdapter } from "../support/stalling-adapter.js";

const SCRIPT = new URL("../support/message-child.ts", import.meta.url);

interface Message {
  readonly key: { readonly id: string };
  readonly messageStubType?: number;
  readonly message?: { readonly conversation?: string };
}

/** The messages of an event. */
const messagesOf = ({ json }: Received): readonly Message[] =>
  (json.data as unknown as { messages: Message[] }).messages;

const textsOf = (received: Received): readonly string[] =>
  messagesOf(received).flatMap(({ message }) => message?.conversation ?? []);

type Open = (options: SessionManagerOptions) => Promise<EngineWorld>;

/** A linked session with a webhook, a friend of whom a message has come, and what was acknowledged. */
async function receiving(open: Open, options: SessionManagerOptions = {}) {
  const receiver = await Receiver.start();
  const world = await open({ webhooks: { allowPrivateTargets: true }, ...options });
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });
  const { id } = await world.manager.create({
    name: "kept",
    webhookUrl: receiver.url,
    webhookEvents: ["messages.upsert"],
  });
  const phone = world.phone();
  await world.manager.connect(id);
  await phone.scan(await world.qr(id));
  await world.manager.waitFor(id, "connected", { timeoutMs: 15_000 });
  const acknowledged = new Set<string>();
  // Of the linked device: the phone acknowledges what it has received, too.
  world.emulator.on("receipt", ({ ids, type, from }) => {
    if (type !== "retry" && from.includes(":")) for (const one of ids) acknowledged.add(one);
  });
  world.emulator.on("ack", ({ id: acked }) => void acknowledged.add(acked));
  const friend = world.phone();
  const arrived = (text: string): Promise<void> =>
    receiver.until((all) => all.some((one) => textsOf(one).includes(text)), 30_000);
  friend.sendText(phone, "the first");
  await arrived("the first");
  return { world, id, phone, friend, receiver, acknowledged, arrived };
}

describe.each(LIBRARIES)("with $name", ({ open }) => {
  it("no message is acknowledged while the store does not confirm its event", async () => {
    const store = new StallingAdapter();
    const { world, friend, phone, receiver, acknowledged, arrived } = await receiving(open, { store });
    const before = receiver.received.length;
    const resume = store.stall();
    const emitted = world.next("messages.upsert");
    const sent = ["held", "held too"].map((text) => friend.sendText(phone, text).id);
    await emitted;
    await sleep(300);
    expect(sent.filter((one) => acknowledged.has(one))).toEqual([]);
    expect(receiver.received).toHaveLength(before);
    resume();
    await arrived("held too");
    await expect.poll(() => sent.every((one) => acknowledged.has(one))).toBe(true);
    expect(world.emulator.connections).toHaveLength(1);
    expect(world.emulator.violations).toEqual([]);
  });

  it("an event that the store refuses ends the connection, and the message comes again", async () => {
    const store = new StallingAdapter();
    const { world, id, friend, phone, acknowledged, arrived } = await receiving(open, {
      store,
      whatsapp: { keepAliveIntervalMs: 500 },
    });
    const resume = store.stall();
    const closed = world.emulator.waitFor("connection.closed");
    const { id: sent } = friend.sendText(phone, "comes again");
    await closed;
    expect(acknowledged.has(sent)).toBe(false);
    resume();
    await arrived("comes again");
    await world.manager.waitFor(id, "connected", { timeoutMs: 10_000 });
    expect(world.emulator.violations).toEqual([]);
  });

  it(
    "what came while it was offline reaches the webhook without an end of the catch-up",
    { timeout: 60_000 },
    async () => {
      const { world, id, friend, phone, receiver, arrived } = await receiving(open);
      await world.manager.disconnect(id);
      const texts = Array.from({ length: extent(250, 1_000) }, (_, n) => `offline ${n}`);
      for (const text of texts) friend.sendText(phone, text);
      world.emulator.behaviour.announceOffline = false;
      await world.manager.connect(id);
      await arrived(texts.at(-1) ?? "");
      const came = receiver.received.map(textsOf).filter(([text = ""]) => text.startsWith("offline"));
      // Each on its own, in order.
      expect(came).toEqual(texts.map((text) => [text]));
    },
  );

  it("a message that makes no event holds up no other", async () => {
    const { world, id, friend, phone, acknowledged, arrived } = await receiving(open);
    const socket = await world.manager.socket(id);
    const content = [{ tag: "plaintext", attrs: {}, content: Buffer.from("no message of a channel") }];
    const attrs = { id: "none", from: "120363000000000001@newsletter", type: "text", t: "1" };
    const began = performance.now();
    (socket.ws as unknown as { emit(name: string, node: object): void }).emit("CB:message", {
      ...{ tag: "message", attrs, content },
    });
    const { id: sent } = friend.sendText(phone, "not held up");
    await arrived("not held up");
    await expect.poll(() => acknowledged.has(sent), { interval: 5 }).toBe(true);
    // Without a word of its handler it would be held for two seconds.
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it("a message that is delivered twice is one event", async () => {
    const { world, friend, phone, receiver, arrived } = await receiving(open);
    world.emulator.faults.add({ at: "delivery", action: "duplicate", times: 1 });
    const asked: unknown[] = [];
    world.emulator.on("receipt", (receipt) => receipt.type === "retry" && asked.push(receipt));
    friend.sendText(phone, "twice");
    friend.sendText(phone, "after");
    await arrived("after");
    expect(receiver.received.flatMap(textsOf)).toEqual(["the first", "twice", "after"]);
    expect(receiver.received).toHaveLength(3);
    // Its keys are spent; it is acknowledged, and not asked for again.
    expect(asked).toEqual([]);
  });

  it("a message that can't be read, nor when it comes again, is one event without content, then one with it", async () => {
    const { world, friend, phone, receiver, arrived } = await receiving(open);
    world.emulator.faults.add({ at: "delivery", action: "corrupt", times: 2 });
    const { id: sent } = friend.sendText(phone, "cured");
    await arrived("cured");
    friend.sendText(phone, "after");
    await arrived("after");
    const chain = receiver.received.flatMap(messagesOf).filter(({ key }) => key.id === sent);
    expect(chain.map(({ messageStubType, message }) => messageStubType ?? message)).toEqual([
      2,
      { conversation: "cured" },
    ]);
    expect(receiver.received.flatMap(textsOf)).toEqual(["the first", "cured", "after"]);
    expect(world.emulator.violations).toEqual([]);
  });
});

describe.each(["whaileys", "baileys-7"])(
  "kill -9 while WhatsApp is asked who may revoke, with %s",
  (library) => {
    it("the revoke arrives after the restart, once", { timeout: 60_000 }, async () => {
      const place = await lmdbFolder();
      await using emulator = await WhatsAppEmulator.start();
      await using receiver = await Receiver.start();
      const children: Child[] = [];
      onTestFinished(async () => {
        for (const child of children) await child.end("SIGKILL");
        await place.dispose();
      });
      const start = (): Child => {
        const child = new Child(SCRIPT, [place.url, emulator.url, library, receiver.url]);
        children.push(child);
        return child;
      };
      const [phone, admin, member] = ["1", "2", "3"].map((last) =>
        emulator.addPhone({ phoneNumber: `551199999000${last}` }),
      ) as [VirtualPhone, VirtualPhone, VirtualPhone];
      const child = start();
      await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
      await child.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      const group = admin.createGroup("all", [phone, member]);
      const { id: written } = member.sendText(group, "regretted");
      await receiver.until((all) => all.some((one) => textsOf(one).includes("regretted")), 10_000);
      await admin.waitForMessage(({ id }) => id === written);
      const answer = emulator.faults.add({
        at: "query",
        query: { xmlns: "w:g2" },
        action: "drop",
        times: Infinity,
      });
      const acknowledged = new Set<string>();
      emulator.on("receipt", ({ ids, from }) => {
        if (from.includes(":")) for (const one of ids) acknowledged.add(one);
      });
      const revoke = admin.revoke(written);
      const behind = member.sendText(group, "behind it");
      await expect.poll(() => [revoke.id, behind.id].every((id) => acknowledged.has(id))).toBe(true);
      expect(receiver.received.flatMap(textsOf)).not.toContain("behind it");
      await child.end("SIGKILL");
      answer();
      start();
      const marks = (): unknown[] =>
        receiver.received.flatMap(({ json }) =>
          (json.data as { messages: { key: { id: string }; authorship?: string }[] }).messages.flatMap(
            ({ key, authorship }) => (key.id === revoke.id ? [authorship] : []),
          ),
        );
      await expect.poll(marks, { timeout: 20_000 }).toEqual(["admin"]);
      await receiver.until((all) => all.some((one) => textsOf(one).includes("behind it")), 10_000);
      expect(marks()).toEqual(["admin"]);
    });
  },
);

describe("kill -9 in the middle of it", { timeout: 60_000 }, () => {
  type Run = Omit<MessageRun, "store" | "random" | "refused">;
  const runs: readonly Run[] = [
    { library: "whaileys", kind: "burst", count: 80, kills: extent(2, 10), places: PLACES },
    // Nothing but the stored log makes a message durable.
    { library: "whaileys", kind: "burst", count: 80, kills: extent(1, 10), places: ["log"] },
    { library: "baileys-7", kind: "offline", count: 200, kills: extent(1, 5), places: ["log"] },
    { library: "baileys-7", kind: "offline", count: 300, kills: extent(1, 5), places: ["first"] },
    ...extent<readonly Run[]>(
      [],
      [
        { library: "whaileys", kind: "offline", count: 300, kills: 5, places: ["first"] },
        { library: "baileys-7", kind: "burst", count: 80, kills: 10, places: ["first"] },
      ],
    ),
  ];
  it.each(runs)(
    "$library, $kind of $count, at $places: what was acknowledged arrives, once and in order",
    async (size) => {
      const place = await lmdbFolder();
      onTestFinished(() => place.dispose());
      const figures = await runMessages({ ...size, store: place.url, random: seeded(29), refused: 0.1 });
      const nothing = { lost: [], missing: [], outOfOrder: [], doubled: [], odd: [] };
      expect(figures).toMatchObject(nothing);
    },
  );
});
