/** Commands that come together, are cancelled, or are waited for. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SessionStatus } from "../../src/api/session-info.js";
import { EngineWorld } from "../support/engine.js";

describe("the same command twice at once", () => {
  it.each(["connect", "restart"] as const)("is one %s of a new session", async (command) => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    await Promise.all([world.manager[command](id), world.manager[command](id)]);
    expect(await world.qr(id)).toMatch(/^2@/);
    expect(world.emulator.connections).toHaveLength(1);
  });

  it("is one, of a connect and a restart too", async () => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    await Promise.all([world.manager.connect(id), world.manager.restart(id), world.manager.connect(id)]);
    expect(await world.qr(id)).toMatch(/^2@/);
  });

  it("is one connect over the limits of the one that set some", async () => {
    await using world = await EngineWorld.open({ whatsapp: { qrTimeoutMs: 100 } });
    const id = await world.created();
    await Promise.all([world.manager.connect(id, { maxQrs: 1 }), world.manager.connect(id)]);
    expect(await world.state(id, "idle")).toEqual({ state: "idle", reason: "link-timeout" });
    expect(world.all("session.qr")).toHaveLength(1);
  });

  it("is not one when a disconnect came between: the last command wins", async () => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    const outcomes = await Promise.allSettled([
      world.manager.connect(id),
      world.manager.disconnect(id),
      world.manager.connect(id),
    ]);
    expect(outcomes.slice(1).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect(await world.qr(id)).toMatch(/^2@/);
  });
});

describe("a connect with a signal", () => {
  it("does not come back when it is aborted in a restriction that ends by itself", async () => {
    await using world = await EngineWorld.open();
    const refusal = { failure: { reason: 402, code: 101, expire: 1 } };
    world.emulator.faults.add({ at: "pair-device", action: refusal });
    const id = await world.created();
    const cancel = new AbortController();
    await world.manager.connect(id, { signal: cancel.signal });
    expect(await world.state(id, "restricted")).toMatchObject({ reason: "temporary-ban" });
    await sleep(100);
    cancel.abort();
    let opened = 0;
    world.emulator.on("connection.opened", () => (opened += 1));
    await sleep(1_500);
    expect(opened).toBe(0);
    expect(world.all("session.qr")).toEqual([]);
    expect((await world.manager.getStatus(id)).status).toBe("disconnected");
  });
});

describe("waitFor", () => {
  it("does not take a session that is closing for connected", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    const closing = world.next("session.status", ({ detail }) => detail.state === "closing");
    const disconnected = world.manager.disconnect(id);
    await closing;
    expect((await world.manager.getStatus(id)).status).toBe("connected");
    await expect(world.manager.waitFor(id, "connected")).rejects.toMatchObject({
      code: "SESSION_NOT_CONNECTED",
    });
    await disconnected;
  });

  it("takes a time-out of more than a timer holds", async () => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    const wait = world.manager.waitFor(id, "connecting", { timeoutMs: 2 ** 31 });
    await sleep(20);
    await world.manager.connect(id);
    expect(await wait).toMatchObject({ status: "connecting" });
  });

  it("says after its time-out what it waited for, and what the session is", async () => {
    await using world = await EngineWorld.open();
    const { id } = await world.connecting();
    await expect(world.manager.waitFor(id, "connected", { timeoutMs: 20 })).rejects.toMatchObject({
      code: "TIMEOUT",
      message: `Timed out after 20 ms waiting for session ${id} to be connected (now: connecting, qr)`,
    });
  });

  it.each(["connected", "disconnected"] as const)(
    "rejects with SESSION_NOT_FOUND when the session is deleted while it waits for %s",
    async (status) => {
      await using world = await EngineWorld.open();
      const { id } = await world.connecting();
      const wait = world.manager.waitFor(id, status).catch((error: unknown) => error);
      await world.manager.delete(id);
      expect(await wait).toMatchObject({ code: "SESSION_NOT_FOUND" });
    },
  );

  it("rejects at once for a status that does not exist", async () => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    const wait = world.manager.waitFor(id, "open" as SessionStatus);
    await expect(wait).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(/disconnected, connecting, connected/),
    });
  });
});
