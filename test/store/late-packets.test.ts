/** A write that was given up and arrives at the server much later, when something newer has been written. */
import { describe, expect, it, vi } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import type { Store } from "../../src/store/store.js";
import { EpochFence } from "./epoch-fence.js";
import { addressOf, FaultProxy, through } from "./fault-proxy.js";
import {
  DATABASE_URL,
  postgresTable,
  REDIS_URL,
  redisNamespace,
  withPostgres,
  withRedis,
} from "./services.js";

const KEY = "wa/s/ratchet";

interface Place {
  readonly url: string;
  dispose(): Promise<void>;
}

const ratchet = async (store: Store): Promise<unknown> => (await store.read([KEY])).get(KEY);
const set = (store: Store, value: number): Promise<void> => store.write("s", new Map([[KEY, value]]));

function describeLatePackets(
  name: string,
  server: { host: string; port: number },
  newPlace: () => Place | Promise<Place>,
): void {
  /** An owner behind a proxy, and a second process with a connection of its own. */
  async function world(limits: { readonly writeTimeoutMs: number }) {
    const proxy = await FaultProxy.start(server);
    const place = await newPlace();
    const store = openStore(through(proxy, place.url), {
      limits: { callTimeoutMs: 500, readTimeoutMs: 8_000, closeTimeoutMs: 1_000, ...limits },
    });
    const other = openStore(place.url);
    const fence = new EpochFence(store, "one");
    // The first call also connects, for which a busy machine needs longer.
    await vi.waitFor(() => fence.claim(), { timeout: 10_000 });
    await set(store, 0);
    return {
      proxy,
      store,
      other,
      fence,
      [Symbol.asyncDispose]: async (): Promise<void> => {
        await Promise.all([store.close(), other.close()]);
        await proxy.stop();
        await place.dispose();
      },
    };
  }

  describe.concurrent(`packets to ${name} that arrive late`, () => {
    it("don't roll back what the repeat of their write, and the writes after it, have stored", async () => {
      await using its = await world({ writeTimeoutMs: 15_000 });
      const held = its.proxy.holdNext();
      const first = set(its.store, 1);
      await held;
      await first;
      expect(its.fence.raised).toBeGreaterThan(0);
      await set(its.store, 2);
      await its.proxy.deliver();
      expect(await ratchet(its.other)).toBe(2);
      await set(its.store, 3);
      expect(await ratchet(its.other)).toBe(3);
    });

    it("don't come after the next write of a session whose write has failed", async () => {
      await using its = await world({ writeTimeoutMs: 400 });
      const held = its.proxy.holdNext();
      const failed = expect(set(its.store, 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await held;
      await failed;
      await vi.waitFor(() => set(its.store, 2), { timeout: 10_000 });
      await its.proxy.deliver();
      expect(await ratchet(its.other)).toBe(2);
    });

    it("don't come after a read that asked for certainty", async () => {
      await using its = await world({ writeTimeoutMs: 400 });
      const held = its.proxy.holdNext();
      const failed = expect(set(its.store, 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await held;
      await failed;
      await vi.waitFor(() => its.store.noneLate(), { timeout: 10_000 });
      expect(await ratchet(its.store)).toBe(0);
      await its.proxy.deliver();
      expect(await ratchet(its.other)).toBe(0);
    });

    it("of a session that were applied after all are what it goes on from", async () => {
      await using its = await world({ writeTimeoutMs: 400 });
      const space = sessionSpace(its.store, "s");
      const write = (id: string): Promise<void> => space.write([{ family: "outbox", id, value: id }]);
      await write("0");
      const held = its.proxy.holdNext();
      const failed = expect(write("1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await held;
      await failed;
      await its.proxy.deliver();
      await vi.waitFor(() => space.certain(), { timeout: 10_000 });
      await write("2");
      expect([...(await space.ids("outbox"))].sort()).toEqual(["0", "1", "2"]);
    });

    it("leave a session that writes again, once the store is back, however often it was asked meanwhile", async () => {
      await using its = await world({ writeTimeoutMs: 400 });
      const space = sessionSpace(its.store, "s");
      const write = (): Promise<void> => space.write([{ family: "outbox", id: "0", value: 0 }]);
      await write();
      const held = its.proxy.holdNext();
      const failed = expect(write()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await held;
      await failed;
      its.proxy.mode = "refuse";
      await expect(write()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      its.proxy.mode = "pass";
      await vi.waitFor(write, { timeout: 10_000 });
    });

    it("don't reach a store that another process has taken over", async () => {
      await using its = await world({ writeTimeoutMs: 400 });
      const held = its.proxy.holdNext();
      const failed = expect(set(its.store, 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await held;
      await new EpochFence(its.other, "other").claim();
      await set(its.other, 2);
      await failed;
      await its.proxy.deliver();
      expect(await ratchet(its.other)).toBe(2);
    });
  });
}

await withPostgres(() => describeLatePackets("Postgres", addressOf(DATABASE_URL, 5432), postgresTable));
await withRedis(() => describeLatePackets("Redis", addressOf(REDIS_URL, 6379), redisNamespace));
