/** The write path under load and in trouble, on an adapter that can be held. */
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/session-space.js";

/** An atomic Map whose batches wait while it is held, and are told. */
class HeldAdapter {
  readonly opts = {};
  namespace: string | undefined;
  readonly map = new Map<string, unknown>();
  readonly batches: (readonly string[])[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open = (): void => undefined;
  #begun = (): void => undefined;

  /** Holds every batch from now on; settles when the next one has arrived. */
  hold(): Promise<void> {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
    return new Promise((resolve) => (this.#begun = resolve));
  }

  release(): void {
    this.#open();
  }

  async get(key: string): Promise<unknown> {
    return this.map.get(key);
  }

  async getMany(keys: string[]): Promise<unknown[]> {
    return keys.map((key) => this.map.get(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    this.map.set(key, value);
  }

  async setMany(entries: { key: string; value: unknown }[]): Promise<void> {
    this.batches.push(entries.map(({ key }) => key));
    this.#begun();
    await this.#gate;
    for (const { key, value } of entries) this.map.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.map.delete(key);
  }

  async clear(): Promise<void> {
    this.map.clear();
  }

  on(): this {
    return this;
  }
}

const limits = { callTimeoutMs: 100, readTimeoutMs: 150, writeTimeoutMs: 300, closeTimeoutMs: 500 };

async function opened(more: object = {}) {
  const adapter = new HeldAdapter();
  const store = openStore(adapter, { limits: { ...limits, ...more } });
  await store.open();
  adapter.batches.length = 0;
  return { adapter, store };
}

const keysOf = (batch: readonly string[] | undefined): string[] => [...(batch ?? [])].sort();

describe("the write path", () => {
  it("makes one batch of what several sessions write while one is in flight", async () => {
    const { adapter, store } = await opened({ callTimeoutMs: 5_000, writeTimeoutMs: 5_000 });
    const begun = adapter.hold();
    const first = store.write("a", new Map([["wa/a/1", 1]]));
    await begun;
    const rest = ["b", "c", "d"].map((scope) => store.write(scope, new Map([[`wa/${scope}/1`, 1]])));
    rest.push(store.write("a", new Map([["wa/a/1", 2]])));
    adapter.release();
    await Promise.all([first, ...rest]);
    expect(adapter.batches.map(keysOf)).toEqual([["wa/a/1"], ["wa/a/1", "wa/b/1", "wa/c/1", "wa/d/1"]]);
    expect((await store.read(["wa/a/1"])).get("wa/a/1")).toBe(2);
  });

  it("refuses what would exceed its bound while the adapter is stuck, and takes it when it moves again", async () => {
    const { adapter, store } = await opened({
      maxWaitingChars: 5_000,
      callTimeoutMs: 5_000,
      writeTimeoutMs: 5_000,
    });
    const begun = adapter.hold();
    const first = store.write("a", new Map([["wa/a/1", "x".repeat(3_000)]]));
    await begun;
    await expect(store.write("b", new Map([["wa/b/1", "x".repeat(3_000)]]))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    adapter.release();
    await first;
    await store.write("b", new Map([["wa/b/1", "x".repeat(3_000)]]));
  });

  it("bounds what one session may have waiting behind its batch in flight", async () => {
    const { adapter, store } = await opened({ callTimeoutMs: 5_000, writeTimeoutMs: 5_000 });
    const space = sessionSpace(store, "s");
    await space.write([{ family: "session", id: "big", value: 0 }]);
    const begun = adapter.hold();
    const first = space.write([{ family: "session", id: "big", value: 1 }]);
    await begun;
    const big = "x".repeat(10_000_000);
    const second = space.write([{ family: "session", id: "big", value: big }]);
    await expect(space.write([{ family: "session", id: "big", value: big }])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    adapter.release();
    await Promise.all([first, second]);
    await space.write([{ family: "session", id: "big", value: 2 }]);
    expect((await space.read("session", ["big"])).get("big")).toBe(2);
  });

  it("gives a hanging adapter up in time, and closes in time beside it", async () => {
    const { adapter, store } = await opened();
    void adapter.hold();
    const startedAt = performance.now();
    await expect(store.write("a", new Map([["wa/a/1", 1]]))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    const stuck = store.write("a", new Map([["wa/a/1", 2]])).catch((error: unknown) => error);
    await store.close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await stuck).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});
