import { describe, expect, it } from "vitest";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { EngineWorld } from "../support/engine.js";

const NEVER = { firstDelayMs: 60_000, maxDelayMs: 60_000 } as const;

/** Drops the session's connection, and returns the wait that follows. */
async function drop(world: EngineWorld, id: string, jid: string) {
  const back = world.next("session.status", ({ from, to }) => from === "connecting" && to === "connected");
  world.emulator.disconnect(jid);
  const detail = await world.state(id, "waiting");
  await back;
  return detail;
}

describe("the waits between attempts", () => {
  it("go on counting over connections that do not last", async () => {
    await using world = await EngineWorld.open();
    const { id, phone } = await world.linked();
    const first = await drop(world, id, phone.jid);
    const second = await drop(world, id, phone.jid);
    expect(second.attempt).toBe((first.attempt ?? 0) + 1);
  });

  it("start again after a connection that was stable", async () => {
    await using world = await EngineWorld.open({
      reconnect: { firstDelayMs: 30, maxDelayMs: 120, stableAfterMs: 1 },
    });
    const { id, phone } = await world.linked();
    await drop(world, id, phone.jid);
    await drop(world, id, phone.jid);
    // Counted from `open`: the messages of a moment are enough for the millisecond of this test.
    const friend = world.phone();
    const received = world.next("messages.upsert");
    friend.sendText(phone, "still there");
    await received;
    expect(await drop(world, id, phone.jid)).toMatchObject({ attempt: 1, reason: "network" });
  });

  it.each(["connect", "restart"] as const)("end at once with %s()", async (command) => {
    await using world = await EngineWorld.open({ reconnect: NEVER });
    const { id, phone } = await world.linked();
    world.emulator.disconnect(phone.jid);
    await world.state(id, "waiting");
    await world.manager[command](id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("end at once with disconnect(), for good", async () => {
    await using world = await EngineWorld.open({ reconnect: NEVER });
    const { id, phone } = await world.linked();
    world.emulator.disconnect(phone.jid);
    await world.state(id, "waiting");
    await world.manager.disconnect(id);
    expect(await world.manager.getStatus(id)).toMatchObject({
      status: "disconnected",
      detail: { state: "idle", reason: "disconnected" },
    });
  });
});

describe("a network that fails", () => {
  it("by a handshake that hangs is given up at our own deadline", async () => {
    await using world = await EngineWorld.open({ whatsapp: { connectTimeoutMs: 200 } });
    world.emulator.faults.add({ at: "client-finish", action: "silence" });
    const id = await world.created();
    await world.manager.connect(id);
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "hung", code: 408 });
    expect(await world.qr(id)).toMatch(/^2@/);
  });

  it("by an upgrade that is refused is tried again", async () => {
    await using world = await EngineWorld.open();
    world.emulator.faults.add({ at: "upgrade", action: { httpStatus: 429 } });
    const id = await world.created();
    await world.manager.connect(id);
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "network", code: 429 });
    expect(await world.qr(id)).toMatch(/^2@/);
  });

  it("by a port without a listener is tried again until there is one", async () => {
    const gone = await WhatsAppEmulator.start();
    const { url } = gone;
    await gone.stop();
    await using world = await EngineWorld.open({ whatsapp: { url } });
    const id = await world.created();
    await world.manager.connect(id);
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "network", code: 408 });
    await using back = await WhatsAppEmulator.start({ port: Number(new URL(url).port) });
    await back.addPhone({ phoneNumber: "5511999990007" }).scan(await world.qr(id));
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it.each([401, 402, 403, 405, 406, 409, 440, 515])(
    "by a proxy that answers %i is not WhatsApp's verdict",
    async (httpStatus) => {
      await using world = await EngineWorld.open();
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "upgrade", action: { httpStatus } });
      const back = world.next(
        "session.status",
        ({ from, to }) => from === "connecting" && to === "connected",
      );
      world.heard.length = 0;
      world.emulator.disconnect(phone.jid);
      await back;
      expect(world.all("session.status").map(({ to }) => to)).not.toContain("disconnected");
      expect(world.all("session.action-required")).toEqual([]);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
    },
  );
});
