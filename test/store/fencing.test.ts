/** Conditional batches, on every store. */
import { randomBytes } from "node:crypto";
import KeyvRedis from "@keyv/redis";
import Keyv from "keyv";
import { describe, expect, it, vi } from "vitest";
import { openStore, type OpenStoreOptions } from "../../src/store/open-store.js";
import { changesMany, describeFencing, describeRaces } from "./fencing-suite.js";
import { LeastAdapter } from "./least-adapter.js";
import { lmdbFolder, postgresTable, redisNamespace, withPostgres, withRedis } from "./services.js";
import type { StorePlace } from "./store-contract.js";

const encrypted: OpenStoreOptions = { encryptionKeys: [randomBytes(32)] };

const overMap = (make: (map: Map<string, unknown>) => object) => async (): Promise<StorePlace> => {
  const map = new Map<string, unknown>();
  return { open: () => openStore(make(map)), rawKeys: async () => [...map.keys()], dispose: async () => {} };
};

const both = (name: string, place: () => Promise<StorePlace>): void => {
  describeFencing(name, place);
  describeRaces(name, place);
};

const atUrl =
  (place: () => Promise<Omit<StorePlace, "open"> & { readonly url: string }>, options?: OpenStoreOptions) =>
  async (): Promise<StorePlace> => {
    const where = await place();
    return { ...where, open: () => openStore(where.url, options) };
  };

both(
  "a Map",
  overMap((map) => map),
);
both(
  "a Keyv over a Map",
  overMap((map) => new Keyv({ store: map, useKeyPrefix: true, namespace: "n" })),
);
describeFencing(
  "an adapter with the least there is",
  overMap((map) => new LeastAdapter(map)),
);
both("lmdb", atUrl(lmdbFolder));
both("lmdb, encrypted", atUrl(lmdbFolder, encrypted));

await withPostgres(() => {
  both(
    "Postgres",
    atUrl(async () => postgresTable()),
  );
  both(
    "Postgres, encrypted",
    atUrl(async () => postgresTable(), encrypted),
  );
});

await withRedis(() => {
  both("Redis", atUrl(redisNamespace));
  both("Redis, encrypted", atUrl(redisNamespace, encrypted));

  it("changes thousands of records on Redis by what thousands are", { timeout: 60_000 }, async () => {
    const place = await atUrl(redisNamespace)();
    const [one, other] = [place.open(), place.open()];
    await changesMany(one, other, { of: 2_500, looksAt: 2_500 });
    await Promise.all([one.close(), other.close()]);
    await place.dispose();
  });
  describeFencing("Redis through @keyv/redis", async () => {
    const place = await redisNamespace();
    return { ...place, open: () => openStore(new KeyvRedis(place.client, { namespace: place.namespace })) };
  });
});

describe("a record that others change all the time", () => {
  it("is given up after twenty tries, and the error says so", async () => {
    const map = new Map<string, unknown>();
    const [one, other] = [openStore(map), openStore(map)];
    let count = 0;
    const changed = one.change("s", ["wa/s/x"], async () => {
      count += 1;
      await other.write("s", new Map([["wa/s/x", count]]));
      return new Map([["wa/s/x", "mine"]]);
    });
    await expect(changed).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("keeps changing"),
    });
    expect((await one.read(["wa/s/x"])).get("wa/s/x")).toBe(20);
    expect(count).toBe(20);
  });
});

describe("a store that can't fence", () => {
  it("says so in one line when it opens", async () => {
    const logger = { info: vi.fn(), warn: vi.fn() };
    const store = openStore(new LeastAdapter(new Map()), { logger });
    await store.open();
    await store.open();
    expect(store.fences).toBe(false);
    expect(logger.warn.mock.calls).toEqual([
      [{ store: "keyv:LeastAdapter" }, expect.stringContaining("one process")],
    ]);
  });

  it("is no store of this package", async () => {
    const logger = { info: vi.fn(), warn: vi.fn() };
    const store = openStore(new Map(), { logger });
    await store.open();
    expect(store.fences).toBe(true);
    expect(logger.warn).not.toHaveBeenCalled();
  });
});
