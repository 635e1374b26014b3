/** The end of a manager, and of the command, whose database server is gone or says nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { postgresTable, withOwnRedis, withPostgres, type OwnRedis } from "../store/services.js";
import { FaultProxy } from "../store/fault-proxy.js";
import { Child } from "../support/child.js";
import { EngineWorld } from "../support/engine.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
/** `stop` states about two seconds; the store has half a second more where all else takes its whole time. */
const STOP_MS = 2_900;

/** A world whose session is open, with a message under way when its store fails. */
async function busyWorld(store: string) {
  const warnings: string[] = [];
  const logger = { ...SILENT, warn: (_: object, message: string) => void warnings.push(message) };
  const world = await EngineWorld.open({ store, logger });
  onTestFinished(() => world[Symbol.asyncDispose]());
  const { phone } = await world.linked();
  return { world, warnings, write: () => void world.phone("friend").sendText(phone, "hello") };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

await withOwnRedis((start) => {
  const own = async (): Promise<OwnRedis> => {
    const redis = await start();
    onTestFinished(() => redis.stop());
    return redis;
  };

  describe.each([
    ["gone", "SIGKILL"],
    ["frozen", "SIGSTOP"],
  ] as const)("with a Redis that is %s", (_name, signal) => {
    it.each([0, 1_500])("stop() ends in its time, %i ms later", async (laterMs) => {
      const redis = await own();
      const { world, write } = await busyWorld(redis.url);
      redis.signal(signal);
      write();
      await sleep(laterMs);
      expect(await timed(() => world.manager.stop())).toBeLessThan(STOP_MS);
      await expect(world.manager.list()).rejects.toMatchObject({ code: "STOPPED" });
    });

    it("zpwoot serve ends in time at SIGTERM, with code 0", async () => {
      const redis = await own();
      const child = new Child(MAIN, [
        ...["serve", "--port", "0", "--store", redis.url, "--api-key", "k", "--log-level", "warn"],
      ]);
      onTestFinished(async () => void (await child.end("SIGKILL")));
      await expect.poll(() => child.output, { timeout: 15_000 }).toMatch(/listens on/);
      await sleep(300);
      redis.signal(signal);
      let code: number | null = null;
      const took = await timed(async () => (code = await child.end("SIGTERM")));
      expect(took).toBeLessThan(STOP_MS);
      expect(code).toBe(0);
    });
  });
});

await withPostgres(() => {
  describe.each(["refuse", "silent"] as const)("with a Postgres that would %s", (mode) => {
    it("stop() ends in its time, and no connection is left", async () => {
      const place = postgresTable();
      onTestFinished(() => place.dispose());
      const url = new URL(place.url);
      const proxy = await FaultProxy.start({ host: url.hostname, port: Number(url.port) || 5_432 });
      onTestFinished(() => proxy.stop());
      url.host = `127.0.0.1:${proxy.port}`;
      const { world, write } = await busyWorld(url.href);
      proxy.mode = mode;
      write();
      expect(await timed(() => world.manager.stop())).toBeLessThan(STOP_MS);
      await expect.poll(() => proxy.clients, { timeout: 1_500 }).toBe(0);
    });
  });
});
