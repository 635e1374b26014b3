/** A session that is connected and deaf: nothing comes of what comes in. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics/index.js";
import { LIBRARIES } from "../support/libraries.js";

const DEAF_MS = 400;
const [whaileys] = LIBRARIES;

/** A logger, and the texts of its warnings. */
function warnings() {
  const lines: string[] = [];
  const drop = (): void => {};
  const warn = (_fields: object, text: string): void => void lines.push(text);
  return { lines, logger: { trace: drop, debug: drop, info: drop, warn, error: warn } };
}

describe.each(LIBRARIES)("with $name", ({ name, open }) => {
  it("messages that come in without events: it says so, connects again, and the messages arrive", async () => {
    const { logger, lines } = warnings();
    await using world = await open({ logger, whatsapp: { deafTimeoutMs: DEAF_MS } });
    const { id, phone } = await world.linked();
    using metrics = createMetrics(world.manager);
    const friend = world.phone();
    const socket = await world.manager.socket(id);
    const sent = await socket.sendMessage(friend.jid, { text: "hello" });
    await friend.waitForMessage();
    // WhatsApp does not answer what the library asks for in the middle of a handler, and the messages behind it wait.
    const answer = world.emulator.faults.add({
      at: "query",
      query: { xmlns: "usync" },
      action: "drop",
      times: Infinity,
    });
    if (name === "whaileys") friend.forge.askAgain(sent?.key.id ?? "", phone.companions[0]?.jid ?? "");
    const degraded = world.next("session.degraded");
    const stranger = world.phone();
    for (const text of ["one", "two"]) stranger.sendText(phone, text);
    const event = await degraded;
    expect(event).toMatchObject({ sessionId: id, reason: "no-events", action: "reconnect" });
    expect(event.waitingMessages).toBeGreaterThan(0);
    expect(event.forMs).toBeGreaterThanOrEqual(DEAF_MS);
    expect(event.lastInboundAt).toMatch(/^20.*Z$/);
    answer();
    const texts = (): (string | null | undefined)[] =>
      world
        .all("messages.upsert")
        .flatMap(({ data }) => data.messages.map(({ message }) => message?.conversation));
    await expect.poll(texts, { timeout: 10_000 }).toEqual(expect.arrayContaining(["one", "two"]));
    await world.manager.waitFor(id, "connected", { timeoutMs: 10_000 });
    expect(world.all("session.degraded")).toHaveLength(1);
    expect(lines.filter((text) => text.includes("deaf"))).toEqual([
      "session is connected and deaf: messages came in and no events came out",
    ]);
    expect(await metrics.text()).toMatch(/zpwoot_sessions_degraded_total\{reason="no-events"\} 1/);
    const { detail } = await world.manager.getStatus(id);
    expect(Date.parse(detail.lastEventAt ?? "")).toBeGreaterThan(Date.now() - 20_000);
    expect(await metrics.text()).toMatch(/zpwoot_last_inbound_timestamp_seconds \d{10}/);
  });

  it("a quiet session is not deaf, also when the end of the catch-up never comes", async () => {
    await using world = await open({ whatsapp: { deafTimeoutMs: 100 } });
    world.emulator.behaviour.announceOffline = false;
    const { id } = await world.linked();
    await sleep(1_000);
    expect(world.all("session.degraded")).toEqual([]);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
    expect(world.emulator.connections).toHaveLength(1);
  });

  it("a message that makes no event is no deafness", async () => {
    await using world = await open({ whatsapp: { deafTimeoutMs: 200 } });
    const { id, phone } = await world.linked();
    const friend = world.phone();
    friend.sendText(phone, "the first");
    await world.next("messages.upsert");
    world.emulator.faults.add({ at: "delivery", action: "duplicate", times: 1 });
    friend.sendText(phone, "twice");
    await world.next("messages.upsert");
    await sleep(800);
    expect(world.all("session.degraded")).toEqual([]);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
  });
});

it("events that whaileys holds back are handed out when the end of the catch-up does not come", async () => {
  await using world = await whaileys.open({ whatsapp: { deafTimeoutMs: DEAF_MS } });
  const { id } = await world.linked();
  const friend = world.phone();
  const socket = await world.manager.socket(id);
  await socket.sendMessage(friend.jid, { text: "hello" });
  world.emulator.behaviour.announceOffline = false;
  await world.manager.restart(id);
  await world.manager.waitFor(id, "connected", { timeoutMs: 10_000 });
  const [degraded, updated] = [world.next("session.degraded"), world.next("contacts.update")];
  friend.changePicture();
  await updated;
  expect(await degraded).toMatchObject({ reason: "events-held", action: "reconnect", waitingMessages: 0 });
  expect((await degraded).handedOut).toBeGreaterThan(0);
  await world.state(id, "waiting");
  await world.manager.waitFor(id, "connected", { timeoutMs: 10_000 });
  // Within the hour it is not connected again for the same reason.
  const [again, came] = [world.next("session.degraded"), world.next("contacts.update")];
  friend.changePicture();
  await came;
  expect(await again).toMatchObject({ action: "none" });
  expect((await world.manager.getStatus(id)).status).toBe("connected");
});
