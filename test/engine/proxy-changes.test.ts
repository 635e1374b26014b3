/** Changes of one session's proxy that are asked for at once: the last one is stored, and is the one in use. */
import { describe, expect, it } from "vitest";
import { HostileServer, silent } from "../egress/hostile.js";
import { EngineWorld } from "../support/engine.js";
import { TestProxy } from "../support/proxies.js";

describe("changes of a proxy at the same moment", () => {
  it("end in the last one: stored, and in use", async () => {
    await using one = await TestProxy.http();
    await using two = await TestProxy.socks5();
    await using world = await EngineWorld.open();
    const { manager } = world;
    const { id } = await world.linked();
    const webhook = { url: "https://example.com/hook", events: ["messages.upsert"] } as const;
    await manager.update(id, { webhook });
    await Promise.all([
      manager.update(id, { proxy: null }),
      // Removing an endpoint takes longer than what follows.
      manager.update(id, { webhook: null, proxy: one.config }),
      manager.update(id, { proxy: two.config }),
    ]);
    await manager.waitFor(id, "connected", { timeoutMs: 10_000 });
    expect((await manager.get(id)).proxy).toMatchObject({ port: two.config.port, protocol: "socks5" });
    await expect.poll(() => [one.open, two.open > 0]).toEqual([0, true]);
    await manager.stop();
    expect((await world.reopen().get(id)).proxy).toMatchObject({ port: two.config.port });
    expect(world.emulator.violations).toEqual([]);
  });

  it("don't wait for a proxy that hangs: the later change takes its place", async () => {
    await using mute = await HostileServer.start(silent);
    await using world = await EngineWorld.open();
    const { manager } = world;
    const { id } = await world.linked();
    const hanging = manager.update(id, { proxy: { host: "127.0.0.1", port: mute.port } });
    await expect.poll(() => mute.open).toBe(1);
    const begun = performance.now();
    await manager.update(id, { proxy: null });
    await hanging;
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect((await manager.get(id)).proxy).toBeUndefined();
    await expect.poll(() => mute.open).toBe(0);
  });
});
