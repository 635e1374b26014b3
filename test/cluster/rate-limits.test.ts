/** Requests that are counted at several nodes. */
import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import { RecordingLogger } from "../http/fixtures.js";
import { FaultProxy } from "../store/fault-proxy.js";
import { REDIS_URL } from "../support/places.js";
import { ClusterWorld, eventually, SHARED_STORES } from "./nodes.js";

const [POSTGRES, REDIS] = SHARED_STORES;

async function worldOn({ open }: (typeof SHARED_STORES)[number]): Promise<ClusterWorld> {
  const world = await ClusterWorld.open(open);
  onTestFinished(() => world[Symbol.asyncDispose]());
  return world;
}

/** Asks nodes with a limit of requests a minute. */
function askerOf(nodes: readonly SessionManager[], perKey: number) {
  const logger = new RecordingLogger();
  const handlers = nodes.map((node) =>
    createHttpHandler(node, { apiKeys: ["a", "b"], rateLimit: { perKey }, logger }),
  );
  const ask = async (node: number, key: string): Promise<number> => {
    const request = new Request("http://localhost/sessions/list", { headers: { "x-api-key": key } });
    return (await handlers[node]?.fetch(request))?.status ?? 0;
  };
  return { ask, logger };
}

describe("the limits of requests of a cluster", { timeout: 60_000 }, () => {
  it("are counted together where the bus is on Redis, for keys of options and of the store, and apart from other clusters", async () => {
    const world = await worldOn(REDIS);
    const nodes = [await world.started(), await world.started()];
    const { ask } = askerOf(nodes, 3);
    const { key } = (await nodes[0]?.apiKeys.create({ name: randomUUID(), role: "viewer" })) ?? { key: "" };
    for (const one of ["a", key]) {
      expect([await ask(0, one), await ask(1, one), await ask(0, one)]).toEqual([200, 200, 200]);
      expect([await ask(1, one), await ask(0, one)]).toEqual([429, 429]);
    }
    expect(await ask(1, "b")).toBe(200);
    const foreign = askerOf([await (await worldOn(REDIS)).started()], 3);
    expect(await foreign.ask(0, "a")).toBe(200);
  });

  it("are counted together by a bus on Redis, whatever the store is", async () => {
    const world = await worldOn(POSTGRES);
    const nodes = [await world.started({ url: REDIS_URL }), await world.started({ url: REDIS_URL })];
    const { ask } = askerOf(nodes, 2);
    expect([await ask(0, "a"), await ask(1, "a"), await ask(0, "a"), await ask(1, "a")]).toEqual([
      200, 200, 429, 429,
    ]);
  });

  it("are counted by each node for itself on Postgres", async () => {
    const world = await worldOn(POSTGRES);
    const nodes = [await world.started(), await world.started()];
    const { ask } = askerOf(nodes, 2);
    for (const node of [0, 1])
      expect([await ask(node, "a"), await ask(node, "a"), await ask(node, "a")]).toEqual([200, 200, 429]);
  });

  it("are counted by each node for itself while the bus is away, which each says once", async () => {
    const proxy = await FaultProxy.start({
      host: "127.0.0.1",
      port: Number(new URL(REDIS_URL).port || 6379),
    });
    onTestFinished(() => proxy.stop());
    const bus = new URL(REDIS_URL);
    [bus.hostname, bus.port] = ["127.0.0.1", String(proxy.port)];
    const world = await worldOn(POSTGRES);
    const nodes = [await world.started({ url: bus.href }), await world.started({ url: bus.href })] as const;
    const { ask, logger } = askerOf(nodes, 2);
    proxy.mode = "refuse";
    proxy.cut();
    await eventually(async () => (await nodes[0].cluster?.info())?.bus === "down", "the bus is away");
    for (const node of [0, 1])
      expect([await ask(node, "a"), await ask(node, "a"), await ask(node, "a")]).toEqual([200, 200, 429]);
    const lines = logger.lines.map(({ message }) => message);
    expect(lines).toEqual(
      Array(2).fill("Rate limits unavailable: each node counts for itself until Redis answers"),
    );
  });
});
