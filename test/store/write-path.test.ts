/** The write path under load and in trouble, on an adapter that can be held. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";

/** An atomic Map whose batches are recorded, and wait while it is held. */
class HeldAdapter {
  readonly opts = {};
  namespace: string | undefined;
  readonly map = new Map<string, unknown>();
  readonly batches: (readonly string[])[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open = (): void => undefined;
  #begun = (): void => undefined;
  #stray: Promise<void> | undefined;

  /** The next batch never reaches the data: it only answers when it is let go. */
  loseNext(): { letGo(): void } {
    let letGo = (): void => undefined;
    this.#stray = new Promise((resolve) => (letGo = resolve));
    return { letGo: () => letGo() };
  }

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
    const stray = this.#stray;
    this.#stray = undefined;
    if (stray !== undefined) return stray;
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

  it("counts the time of a write from when it was asked for, also behind one that is tried in vain", async () => {
    const { adapter, store } = await opened({ writeTimeoutMs: 1_500 });
    const begun = adapter.hold();
    const first = store.write("a", new Map([["wa/a/1", 1]])).catch(() => performance.now());
    await begun;
    const second = store.write("a", new Map([["wa/a/1", 2]])).catch(() => performance.now());
    const [firstAt, secondAt] = (await Promise.all([first, second])) as [number, number];
    // One call more than the first, not another time of its own.
    expect(secondAt - firstAt).toBeLessThan(600);
    expect(secondAt - firstAt).toBeGreaterThan(0);
  });

  it("gives up what it can't write when the time of a close is over, and rejects it", async () => {
    const { adapter, store } = await opened({ callTimeoutMs: 5_000, writeTimeoutMs: 30_000 });
    const begun = adapter.hold();
    const stuck = ["a", "b"].map((scope) => store.write(scope, new Map([[`wa/${scope}/1`, 1]])));
    const ends = Promise.allSettled(stuck);
    await begun;
    const startedAt = performance.now();
    await store.close(200);
    const refused = { status: "rejected", reason: expect.objectContaining({ code: "STORE_UNAVAILABLE" }) };
    expect(await ends).toEqual([refused, refused]);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it("times out when the adapter hangs, and closes in time", async () => {
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

describe("an adapter of the user", () => {
  it("that answers a call after it was repeated does not undo what was written since", async () => {
    // The official adapters are not read back, which would hide it.
    const adapter = Object.assign(new HeldAdapter(), { opts: { dialect: "redis" } });
    const store = openStore(adapter, { limits: { ...limits, writeTimeoutMs: 5_000 } });
    await store.write("s", new Map([["wa/s/x", 1]]));
    const late = adapter.loseNext();
    await store.write("s", new Map([["wa/s/x", null]]));
    await store.write("s", new Map([["wa/s/x", 2]]));
    late.letGo();
    // Deletions of the late call would come within these turns of the event loop.
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    expect((await store.read(["wa/s/x"])).get("wa/s/x")).toBe(2);
  });

  it("over a cluster gets its batches by way of the journal, because its own are not atomic", async () => {
    const adapter = Object.assign(new HeldAdapter(), { isCluster: () => true });
    const store = openStore(adapter, { limits });
    await store.write("s", new Map([["wa/s/x", 1]]));
    expect(adapter.batches).toEqual([]);
    expect((await store.read(["wa/s/x"])).get("wa/s/x")).toBe(1);
    expect(adapter.map.has("wa/journal")).toBe(false);
  });

  it("finishes at its next opening the batch that a crash cut short", async () => {
    const { adapter, store } = await opened();
    await store.write("s", new Map([["wa/s/gone", 1]]));
    const redo = [
      { key: "wa/s/gone", text: null },
      { key: "wa/s/new", text: "2" },
    ];
    adapter.map.set("wa/journal", `{"value":${JSON.stringify({ redo })}}`);
    const after = openStore(adapter, { limits });
    expect(Object.fromEntries(await after.read(["wa/s/gone", "wa/s/new"]))).toEqual({ "wa/s/new": 2 });
    expect([...adapter.map.keys()].sort()).toEqual(["wa/s/new", "wa/sentinel"]);
  });

  it("with a damaged journal is refused, without quoting it", async () => {
    const { adapter } = await opened();
    adapter.map.set("wa/journal", `{"value":{"redo": secret, cut off}`);
    const refused = await openStore(adapter, { limits })
      .open()
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STORE_CORRUPT" });
    expect(`${String(refused)} ${String((refused as Error).cause)}`).not.toContain("secret");
  });
});
