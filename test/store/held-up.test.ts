/** A process that stood still, for garbage collection, SIGSTOP or a busy host: what was answered meanwhile counts as answered. */
import { randomUUID } from "node:crypto";
import { setImmediate as nextRound } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { busOf } from "../../src/cluster/bus/open-bus.js";
import { openPostgresAdapter } from "../../src/store/drivers/postgres-adapter.js";
import { openRedisAdapter } from "../../src/store/drivers/redis-adapter.js";
import type { AtomicAdapter } from "../../src/store/drivers/atomic-driver.js";
import {
  DATABASE_URL,
  postgresTable,
  REDIS_URL,
  redisNamespace,
  withPostgres,
  withRedis,
} from "./services.js";

/** Longer than any answer may take, and shorter than a lease. */
const HELD_UP_MS = 5_000;

/** Nothing of this process runs meanwhile. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_UP_MS);
}

/** Does it, and stands still when it has left and before its answer was read. */
async function standStillWithin<T>(call: () => Promise<T>): Promise<T> {
  const called = call();
  // The client of Redis writes in a round of its own.
  await nextRound();
  await nextRound();
  standStill();
  return called;
}

function itKeepsConnections(open: (onError: (error: unknown) => void) => Promise<AtomicAdapter>): void {
  it("keeps the connection of a store, and hears what it answered", { timeout: 30_000 }, async () => {
    const errors: unknown[] = [];
    const adapter = await open((error) => errors.push(error));
    onTestFinished(() => adapter.disconnect?.());
    await adapter.applyBatch([{ key: "known", text: "1" }]);
    const read = (): Promise<unknown> => adapter.getMany(["known"]).catch((error: unknown) => error);
    expect(await standStillWithin(read)).toEqual(["1"]);
    // Nor does an error of the connection come late.
    expect(await read()).toEqual(["1"]);
    expect(errors).toEqual([]);
  });
}

function itKeepsTheBus(url: string): void {
  it("keeps the connections of a bus, and what it was told", { timeout: 30_000 }, async () => {
    const warnings: string[] = [];
    const logger = { ...SILENT, warn: (_: object, message: string) => void warnings.push(message) };
    const bus = busOf(url, { cluster: randomUUID(), logger });
    onTestFinished(() => bus.close());
    await bus.open();
    await expect.poll(() => bus.up).toBe(true);
    const heard: string[] = [];
    await bus.listen("me", (text) => heard.push(text));
    const changes: boolean[] = [];
    bus.onChange((up) => changes.push(up));
    const publish = (): Promise<unknown> => bus.publish("me", "a").catch((error: unknown) => error);
    expect(await standStillWithin(publish)).not.toBeInstanceOf(Error);
    await expect.poll(() => heard).toEqual(["a"]);
    await bus.publish("me", "b");
    await expect.poll(() => heard).toEqual(["a", "b"]);
    expect({ changes, warnings }).toEqual({ changes: [], warnings: [] });
  });
}

await withRedis(() => {
  describe("a process that stood still, on Redis", () => {
    itKeepsConnections(async (onError) => {
      const { namespace, dispose } = await redisNamespace();
      onTestFinished(() => dispose());
      return openRedisAdapter({ url: REDIS_URL, namespace, onError });
    });
    itKeepsTheBus(REDIS_URL);
  });
});

await withPostgres(() => {
  describe("a process that stood still, on Postgres", () => {
    itKeepsConnections(async (onError) => {
      const { table, dispose } = postgresTable();
      onTestFinished(() => dispose());
      return openPostgresAdapter({ uri: DATABASE_URL, schema: "public", table, pool: {}, onError });
    });
    itKeepsTheBus(DATABASE_URL);
  });
});
