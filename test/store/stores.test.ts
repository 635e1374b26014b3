import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Keyv from "keyv";
import { describe, expect, it, vi } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { SessionList } from "../../src/store/sessions/session-list.js";
import type { Store } from "../../src/store/store.js";
import { rawLmdb } from "../support/places.js";
import { LeastAdapter } from "./least-adapter.js";
import { describeStoreContract } from "./store-contract.js";

const overMap = (make: (map: Map<string, unknown>) => object) => async () => {
  const map = new Map<string, unknown>();
  return {
    open: () => openStore(make(map)),
    rawKeys: async () => [...map.keys()].filter((key) => key !== "wa/sentinel"),
    dispose: async () => {},
  };
};

describeStoreContract(
  "a Map",
  overMap((map) => map),
);
describeStoreContract(
  "a Keyv over a Map",
  overMap((map) => new Keyv({ store: map, useKeyPrefix: false })),
);
describeStoreContract(
  "an adapter with the least there is",
  overMap((map) => new LeastAdapter(map)),
);

const lmdbPlace = (encryptionKeys: readonly Uint8Array[]) => async () => {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-lmdb-"));
  return {
    open: () => openStore(`lmdb:${folder}`, { encryptionKeys }),
    rawKeys: async () => {
      const raw = rawLmdb(folder, { readOnly: true });
      const keys = [...raw.records.getKeys()].filter((key) => key !== "wa/sentinel");
      await raw.close();
      return keys;
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
};

describeStoreContract("lmdb", lmdbPlace([]));
describeStoreContract("lmdb, encrypted", lmdbPlace([randomBytes(32)]));

describe("the store option", () => {
  it.each([["carrier-pigeon:x"], ["no url"], [""], ["lmdb:"]])("refuses %j, naming the option", (option) => {
    expect(() => openStore(option)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining("store") }),
    );
  });

  it("never shows the password of a URL", () => {
    try {
      openStore("mysql://root:hunter2@db/x");
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain("hunter2");
    }
  });
});

/** A Map that fails, hangs or lies on command. */
class Unreliable extends LeastAdapter {
  mode: "fine" | "throw" | "hang" | "swallow" | "forget" = "fine";
  calls = 0;
  async getMany(keys: string[]): Promise<unknown[]> {
    return this.#act(
      () => keys.map((key) => this.map.get(key)),
      () => keys.map(() => undefined),
    );
  }
  async setMany(entries: { key: string; value: unknown }[]): Promise<void> {
    return this.#act(
      () => entries.forEach(({ key, value }) => this.map.set(key, value)),
      () => undefined,
    );
  }
  override async get(key: string): Promise<unknown> {
    return this.#act(
      () => this.map.get(key),
      () => undefined,
    );
  }
  override async set(key: string, value: unknown): Promise<void> {
    return this.#act(
      () => void this.map.set(key, value),
      () => undefined,
    );
  }
  async #act<T>(act: () => T, nothing: () => T): Promise<T> {
    this.calls += 1;
    if (this.mode === "throw") throw new Error("ECONNREFUSED");
    if (this.mode === "hang") return new Promise(() => {});
    if (this.mode === "swallow" || this.mode === "forget") return nothing();
    return act();
  }
}

describe("a store in trouble", () => {
  const limits = { callTimeoutMs: 60, readTimeoutMs: 150, writeTimeoutMs: 250, closeTimeoutMs: 300 };
  const trouble = async () => {
    const adapter = new Unreliable(new Map());
    const store = openStore(adapter, { limits });
    await store.open();
    await store.write("s", new Map([["wa/s/known", 1]]));
    return { adapter, store };
  };

  it.each(["throw", "hang", "swallow", "forget"] as const)(
    "never takes a read that goes wrong (%s) for an absence",
    async (mode) => {
      const { adapter, store } = await trouble();
      adapter.mode = mode;
      await expect(store.read(["wa/s/known"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      adapter.mode = "fine";
      expect((await store.read(["wa/s/known"])).get("wa/s/known")).toBe(1);
    },
  );

  it.each(["throw", "hang", "swallow"] as const)(
    "never takes a write that goes wrong (%s) for done",
    async (mode) => {
      const { adapter, store } = await trouble();
      adapter.mode = mode;
      await expect(store.write("s", new Map([["wa/s/new", 2]]))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    },
  );

  it("writes when the trouble passes in time", async () => {
    const { adapter, store } = await trouble();
    adapter.mode = "throw";
    const written = store.write("s", new Map([["wa/s/new", 2]]));
    await new Promise<void>((resolve) => {
      const look = (): void => (adapter.calls > 3 ? resolve() : void setTimeout(look, 2));
      look();
    });
    adapter.mode = "fine";
    await written;
    expect(adapter.map.get("wa/s/new")).toBeDefined();
  });

  it("opens later when it could not be opened at first", async () => {
    const adapter = new Unreliable(new Map());
    adapter.mode = "throw";
    const store = openStore(adapter, { limits });
    await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    adapter.mode = "fine";
    await store.open();
    expect((await store.read(["wa/s/x"])).size).toBe(0);
  });

  it("refuses everything once its sentinel is missing from a store that was used", async () => {
    const { adapter, store } = await trouble();
    adapter.map.clear();
    await expect(store.read(["wa/s/known"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  describe.each([
    ["cut off", '{"value":{"lay'],
    ["emptied", ""],
    ["of another form", '{"value":{"wrong":"form"}}'],
  ])("whose sentinel is %s", (_, garbage) => {
    it.each([
      ["has sessions", (store: Store) => new SessionList(store).add("one")],
      ["has none", async () => {}],
    ])("and that %s writes it again when it is opened, and says so", async (_has, fill) => {
      const { adapter, store } = await trouble();
      await fill(store);
      adapter.map.set("wa/sentinel", garbage);
      const warn = vi.fn();
      const after = openStore(adapter, { limits, logger: { info: vi.fn(), warn } });
      expect((await after.read(["wa/s/known"])).get("wa/s/known")).toBe(1);
      expect(warn).toHaveBeenCalledWith(
        { store: after.description },
        "The store's sentinel record was damaged and was written again",
      );
      expect(adapter.map.get("wa/sentinel")).toBe('{"value":{"layout":1}}');
    });

    it("and that has a damaged session list is refused, with nothing overwritten", async () => {
      const { adapter, store } = await trouble();
      await new SessionList(store).add("one");
      for (const key of adapter.map.keys())
        if (key.startsWith("wa/index/") || key === "wa/sentinel") adapter.map.set(key, garbage);
      const damaged = new Map(adapter.map);
      await expect(openStore(adapter, { limits }).open()).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        permanent: true,
      });
      expect(adapter.map).toEqual(damaged);
    });
  });

  it("is refused when it was written with another layout", async () => {
    const { adapter } = await trouble();
    adapter.map.set("wa/sentinel", '{"value":{"layout":2}}');
    await expect(openStore(adapter, { limits }).open()).rejects.toMatchObject({
      message: expect.stringContaining("was written with layout 2") as string,
    });
  });

  it("distinguishes a damaged record from a missing one, without quoting it", async () => {
    const { adapter, store } = await trouble();
    adapter.map.set("wa/s/known", "{ secret, cut off");
    const damaged = await store.read(["wa/s/known"]).catch((error: unknown) => error);
    expect(damaged).toMatchObject({ code: "STORE_CORRUPT" });
    expect(`${String(damaged)} ${JSON.stringify(damaged)}`).not.toContain("secret");
    expect((await store.readEach(["wa/s/known"])).get("wa/s/known")?.corrupt).toBeDefined();
  });
});
