import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type KeyvPostgres from "@keyv/postgres";
import type KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import { openLmdbAdapter } from "../../src/store/drivers/lmdb-adapter.js";
import { MemoryAdapter } from "../../src/store/drivers/memory-adapter.js";
import { storeContract, type ContractAdapter } from "../../src/testing/index.js";

describe("the store contract for users, on lmdb", () => {
  const folder = mkdtemp(join(tmpdir(), "zpwoot-contract-"));
  afterAll(async () => rm(await folder, { recursive: true, force: true }));
  const cases = storeContract({ create: async () => openLmdbAdapter(await folder, () => {}) });
  it.each(cases.map(({ name, run }) => [name, run] as const))("%s", (_, run) => run());
});

describe("the store contract for users, on a Map", () => {
  const map = new Map<string, unknown>();
  const cases = storeContract({ create: () => new MemoryAdapter(map), volatile: true });
  it.each(cases.map(({ name, run }) => [name, run] as const))("%s", (_, run) => run());
  it("leaves nothing behind", () => expect(map.size).toBe(0));
});

describe("the store contract for users, on what users bring", () => {
  const map = new Map<string, string>();
  const cases = storeContract({ create: () => map, volatile: true });
  it.each(cases.map(({ name, run }) => [name, run] as const))("a plain Map: %s", (_, run) => run());

  it("takes Keyv's own adapters", () => {
    expectTypeOf<KeyvRedis<string>>().toExtend<ContractAdapter>();
    expectTypeOf<KeyvPostgres>().toExtend<ContractAdapter>();
  });

  const keyvMap = new Map<string, string>();
  const ofKeyv = storeContract({ create: () => new Keyv<string>(keyvMap), volatile: true });
  it.each(ofKeyv.map(({ name, run }) => [name, run] as const))("a Keyv over a Map: %s", (_, run) => run());
});

describe("the store contract for users finds an adapter", () => {
  const failing = async (adapter: () => MemoryAdapter): Promise<string[]> => {
    const failed: string[] = [];
    for (const { name, run } of storeContract({ create: adapter })) {
      await run().catch((error: unknown) => failed.push(`${name}: ${String(error)}`));
    }
    return failed;
  };

  it("that loses writes", async () => {
    class Forgetful extends MemoryAdapter {
      override async set(): Promise<void> {}
    }
    expect(await failing(() => new Forgetful())).not.toEqual([]);
  });

  it("that truncates keys, and says what it did", async () => {
    class Short extends MemoryAdapter {
      override async get(key: string): Promise<string | undefined> {
        return super.get(key.slice(0, 100));
      }
      override async set(key: string, value: string): Promise<void> {
        await super.set(key.slice(0, 100), value);
      }
    }
    const map = new Map<string, unknown>();
    expect((await failing(() => new Short(map))).join()).toContain("expected");
  });

  it("that forgets everything with the process", async () => {
    expect(await failing(() => new MemoryAdapter())).toEqual([
      expect.stringContaining("after it is reopened"),
      expect.stringContaining("what another process wrote"),
    ]);
  });

  it("that caches what another process may change", async () => {
    class Caching extends MemoryAdapter {
      readonly #cache = new Map<string, string | undefined>();
      override async get(key: string): Promise<string | undefined> {
        if (!this.#cache.has(key)) this.#cache.set(key, await super.get(key));
        return this.#cache.get(key);
      }
      override async set(key: string, value: string): Promise<void> {
        this.#cache.set(key, value);
        await super.set(key, value);
      }
      override async delete(key: string): Promise<boolean> {
        this.#cache.delete(key);
        return super.delete(key);
      }
    }
    const map = new Map<string, unknown>();
    expect(await failing(() => new Caching(map))).toEqual([expect.stringContaining("can't fence")]);
  });
});
