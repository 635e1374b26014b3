import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isZpwootError, type ZpwootError } from "../../src/errors.js";
import type { OwnershipTimes } from "../../src/ownership/lease.js";
import { ProcessOwnership } from "../../src/ownership/process-ownership.js";
import { openStore } from "../../src/store/open-store.js";
import type { Store } from "../../src/store/store.js";
import { SILENT } from "../../src/api/logger.js";

/** One owner over a map that several share, as processes share a database. */
interface World {
  readonly store: Store;
  readonly ownership: ProcessOwnership;
  readonly happened: string[];
  /** The errors of its expiries. */
  readonly said: string[];
}

const worlds: World[] = [];

function open(map: Map<string, unknown>, times?: OwnershipTimes): World {
  const store = openStore(map);
  const happened: string[] = [];
  const said: string[] = [];
  const ownership = new ProcessOwnership({
    store,
    logger: SILENT,
    ...(times === undefined ? {} : { times }),
    listener: {
      onExpired: ({ message }) => {
        happened.push("expired");
        said.push(message);
      },
      onConfirmed: () => void happened.push("confirmed"),
      onLost: (error) => void happened.push(`lost ${error.code}`),
    },
  });
  const world = { store, ownership, happened, said };
  worlds.push(world);
  return world;
}

afterEach(async () => {
  vi.useRealTimers();
  for (const { ownership, store } of worlds.splice(0)) {
    await ownership.release();
    await store.close();
  }
});

const claim = ({ ownership }: World, wait = false, signal = new AbortController().signal): Promise<void> =>
  ownership.claim({ wait, signal });

/** Replaces what the store says of its owner: another place, so that nobody can see whether it lives. */
async function moveOwner({ store }: World, change: object): Promise<void> {
  const { value } = (await store.readEach(["wa/owner"])).get("wa/owner") ?? {};
  store.setFence(undefined);
  await store.write("test", new Map([["wa/owner", { ...(value as object), ...change }]]));
}

describe("ProcessOwnership", () => {
  it("owns an unused store at once, and says so", async () => {
    const world = open(new Map());
    expect(world.ownership.state).toBe("unclaimed");
    await claim(world);
    expect(world.ownership.state).toBe("owned");
    expect(world.ownership.refusal).toBeUndefined();
  });

  it("refuses a second owner while the first is alive, and names the way out", async () => {
    const map = new Map();
    await claim(open(map));
    const second = open(map);
    const error = await claim(second).catch((thrown: unknown) => thrown as ZpwootError);
    expect(isZpwootError(error, "STORE_IN_USE")).toBe(true);
    expect(String(error)).toContain(`process ${process.pid} on `);
    expect(String(error)).toContain("--wait");
    expect(second.ownership.state).toBe("elsewhere");
  });

  it("lets one who waits begin as soon as the owner leaves", async () => {
    const map = new Map();
    const [first, second] = [open(map), open(map)];
    await claim(first);
    const waiting = claim(second, true);
    await first.ownership.release();
    await waiting;
    expect(second.ownership.state).toBe("owned");
  });

  it("begins at once when the owner of this place has died", async () => {
    const map = new Map();
    const first = open(map);
    await claim(first);
    await moveOwner(first, { pid: 999_999_999, ownerId: "dead" });
    await claim(open(map));
  });

  it("begins when the lease of an owner elsewhere has ended, and not before", async () => {
    const map = new Map();
    const first = open(map);
    await claim(first);
    await moveOwner(first, { machine: "another", ownerId: "far" });
    await first.store.write(
      "test",
      new Map([["wa/owner-lease", { ownerId: "far", until: Date.now() + 600 }]]),
    );
    const startedAt = performance.now();
    await claim(open(map));
    expect(performance.now() - startedAt).toBeGreaterThan(500);
  });

  it("does not wait longer than 10 s for an owner that does not renew, whatever its clock says", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "performance", "Date"] });
    const map = new Map();
    const first = open(map);
    await claim(first);
    await moveOwner(first, { machine: "another", ownerId: "far" });
    await first.store.write(
      "test",
      new Map([["wa/owner-lease", { ownerId: "far", until: Date.now() + 3_600_000 }]]),
    );
    const begun = claim(open(map));
    await vi.advanceTimersByTimeAsync(10_600);
    await begun;
  });

  it("gives writes a condition, so that the store refuses those of the owner before", async () => {
    const map = new Map();
    const [first, second] = [open(map), open(map)];
    await claim(first);
    await moveOwner(second, { pid: 999_999_999, ownerId: "dead" });
    await claim(second);
    first.store.setFence(first.ownership);
    await second.store.write("s", new Map([["wa/s/x", "new"]]));
    await expect(first.store.write("s", new Map([["wa/s/x", "old"]]))).rejects.toMatchObject({
      code: "STORE_IN_USE",
    });
    expect((await second.store.read(["wa/s/x"])).get("wa/s/x")).toBe("new");
    expect(first.happened).toEqual(["lost STORE_IN_USE"]);
    expect(first.ownership.state).toBe("elsewhere");
    expect(first.ownership.refusal?.code).toBe("STORE_IN_USE");
  });

  it("goes on writing after it raised its epoch", async () => {
    const world = open(new Map());
    await claim(world);
    await Promise.all([world.ownership.givenUp(), world.ownership.givenUp()]);
    await world.store.write("s", new Map([["wa/s/x", 1]]));
    expect(world.happened).toEqual([]);
  });

  it("renews with one small write at a time, every 3 s by default, and writes nothing else", async () => {
    const renewMs = 50;
    const world = open(new Map(), { leaseMs: 5_000, renewMs, marginMs: 100 });
    await claim(world);
    const startedAt = performance.now();
    const write = vi.spyOn(world.store, "write");
    await vi.waitFor(() => expect(write.mock.calls.length).toBeGreaterThan(10), 5_000);
    expect(write.mock.calls.length).toBeLessThanOrEqual((performance.now() - startedAt) / renewMs + 1);
    const written = write.mock.calls.map(([, entries]) => [...entries]);
    expect(new Set(written.flat().map(([key]) => key))).toEqual(new Set(["wa/owner-lease"]));
    expect(Math.max(...written.map((entries) => JSON.stringify(entries).length))).toBeLessThan(150);
  });

  it("expires when the store does not confirm it in time, and is confirmed again without a new owner", async () => {
    const world = open(new Map(), { leaseMs: 300, renewMs: 50, marginMs: 100 });
    const { store } = world;
    const now = vi.spyOn(store, "now");
    await claim(world);
    now.mockRejectedValue(new Error("away"));
    await vi.waitFor(() => expect(world.happened).toEqual(["expired"]), 5_000);
    expect(world.ownership.refusal?.code).toBe("STORE_UNAVAILABLE");
    now.mockRestore();
    await vi.waitFor(() => expect(world.happened).toEqual(["expired", "confirmed"]), 5_000);
    expect(world.ownership.refusal).toBeUndefined();
    expect(world.said).toEqual([expect.stringMatching(/^The store memory: has not confirmed for too long/)]);
  });

  it("asks a store that did not confirm it again soon, before the lease ends", async () => {
    const world = open(new Map(), { leaseMs: 10_000, renewMs: 1_000, marginMs: 1_000 });
    const now = vi.spyOn(world.store, "now");
    await claim(world);
    now.mockClear();
    now.mockRejectedValue(new Error("away"));
    await vi.waitFor(() => expect(now).toHaveBeenCalled(), 5_000);
    const failedAt = performance.now();
    // Not a renewal apart: with longer times, the lease would end although the store is there again.
    await vi.waitFor(() => expect(now.mock.calls.length).toBeGreaterThan(3), 5_000);
    expect(performance.now() - failedAt).toBeLessThan(1_000);
    expect(world.happened).toEqual([]);
  });

  it("renews again at once when the last renewal was so long under way that another was due", async () => {
    const world = open(new Map(), { leaseMs: 2_000, renewMs: 700, marginMs: 200 });
    const { store } = world;
    await claim(world);
    const asked: number[] = [];
    const write = store.write.bind(store);
    vi.spyOn(store, "write").mockImplementation(async (...args) => {
      asked.push(performance.now());
      // As while a connection is made again.
      if (asked.length === 1) await sleep(1_000);
      return write(...args);
    });
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(1), 5_000);
    const [first = 0, second = Infinity] = asked;
    // A renewal apart would be 1,700, and the lease over after 1,800 from the asking.
    expect(second - first).toBeLessThan(1_500);
    expect(world.happened).toEqual([]);
  });

  it("expires when the process itself is held up, and says so instead of blaming the store", async () => {
    const world = open(new Map(), { leaseMs: 300, renewMs: 50, marginMs: 100 });
    await claim(world);
    const until = performance.now() + 1_200;
    while (performance.now() < until);
    await vi.waitFor(() => expect(world.happened).toEqual(["expired", "confirmed"]), 5_000);
    expect(world.said).toEqual([
      expect.stringMatching(/^This process did nothing for 1 s, .*event loop busy/),
    ]);
  });

  it("can be claimed when the record of the owner is damaged", async () => {
    const map = new Map();
    const first = open(map);
    await first.store.open();
    map.set("wa/owner", "garbage");
    await claim(first);
    expect(first.ownership.state).toBe("owned");
  });

  it("ends a wait by the signal", async () => {
    const map = new Map();
    await claim(open(map));
    const stop = new AbortController();
    const waiting = claim(open(map), true, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "STOPPED" });
  });

  it("does not end the process: its timers wait for nobody", async () => {
    const world = open(new Map());
    await claim(world);
    await world.ownership.release();
    expect(world.ownership.refusal).toBeDefined();
  });
});
