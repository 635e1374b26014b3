/** A client version that WhatsApp refuses (405): the breaker outlives the process. One library stands for all. */
import { describe, expect, it } from "vitest";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { connections } from "../support/rested.js";

const [WHAILEYS] = LIBRARIES;

describe("a client version that WhatsApp refuses", () => {
  /** A linked session that waits because of it. */
  async function held(world: EngineWorld): Promise<string> {
    const { id } = await world.linked();
    await world.manager.disconnect(id);
    world.emulator.behaviour.minimumVersion = [9, 0, 0];
    const required = world.next(
      "session.action-required",
      ({ action }) => action === "update-client-version",
    );
    await world.manager.connect(id);
    await required;
    return id;
  }

  it("is not announced again by the next five processes", async () => {
    await using world = await WHAILEYS.open({ whatsapp: { version: async () => undefined } });
    const id = await held(world);
    const before = await world.manager.getStatus(id);
    expect(before.detail).toMatchObject({ state: "waiting", reason: "client-outdated", code: 405 });
    const opened = connections(world);
    for (let restart = 1; restart <= 5; restart += 1) {
      await world.manager.stop();
      await world.reopen().start();
      const { detail } = await world.manager.getStatus(id);
      expect(detail).toMatchObject({
        state: "waiting",
        reason: "client-outdated",
        until: before.detail.until,
      });
    }
    expect(opened()).toBe(0);
  });

  it("is probed by a person's connect after a restart, once, and all come back when it is accepted", async () => {
    await using world = await WHAILEYS.open({ whatsapp: { version: async () => undefined } });
    const id = await held(world);
    await world.manager.stop();
    await world.reopen().start();
    const opened = connections(world);
    const refused = world.next("session.action-required", ({ action }) => action === "update-client-version");
    await world.manager.connect(id);
    await refused;
    expect(opened()).toBe(1);
    await expect(world.manager.connect(id)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    expect(opened()).toBe(1);

    world.emulator.behaviour.minimumVersion = undefined;
    await world.manager.stop();
    const other = (await world.reopen().create({ name: "other" })).id;
    await world.manager.start();
    await world.manager.connect(other);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await world.manager.stop();
    await world.reopen().start();
    expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
  });
});
