import { describe, expect, it, vi } from "vitest";
import { writeRefusal } from "../../src/store/drivers/refused-writes.js";
import { openStore } from "../../src/store/open-store.js";
import { familySpace } from "../../src/store/space/key-space.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import { LeastAdapter } from "./least-adapter.js";

/** Refuses every write while there is no room. */
class Disk extends LeastAdapter {
  full = false;
  readonly tried = vi.fn();

  override async set(key: string, value: unknown): Promise<void> {
    this.tried(key);
    if (this.full) throw Object.assign(new Error("write"), { code: "ENOSPC" });
    await super.set(key, value);
  }
}

/** A Map of its own kind of adapter writes many batches at once; the least adapter one after the other. */
class FastDisk extends Map<string, unknown> {
  full = false;
  readonly tried = vi.fn();

  override set(key: string, value: unknown): this {
    this.tried?.(key);
    if (this.full) throw Object.assign(new Error("No space left on device"), { code: 28 });
    return super.set(key, value);
  }
}

const FULL = {
  code: "STORE_UNAVAILABLE",
  message: expect.stringMatching(/is full and did not accept a write \(.*\): make room/) as string,
};

describe.each([
  ["writes one batch at a time", () => new Disk(new Map())],
  ["writes many batches at once", () => new FastDisk()],
])("a full store that %s", (_, make) => {
  async function world() {
    const disk = make();
    const lines: string[] = [];
    const log = (_fields: object, text: string): void => {
      if (/full|room/.test(text)) lines.push(text);
    };
    const store = openStore(disk, {
      limits: { writeTimeoutMs: 20_000, fullTimeoutMs: 60 },
      logger: { info: log, warn: log },
    });
    await store.open();
    return { disk, store, lines };
  }

  it("refuses a write soon, and says what to do", async () => {
    const { disk, store, lines } = await world();
    disk.full = true;
    await expect(store.write("s", new Map([["wa/s/x", 1]]))).rejects.toMatchObject(FULL);
    await expect(store.change("s", ["wa/s/y"], () => new Map([["wa/s/y", 1]]))).rejects.toMatchObject(FULL);
    expect(lines).toEqual(["The store is full: make room where it is"]);
    disk.full = false;
    await store.write("s", new Map([["wa/s/x", 2]]));
    expect((await store.read(["wa/s/x"])).get("wa/s/x")).toBe(2);
    expect(lines).toEqual(["The store is full: make room where it is", "The store has room again"]);
  });

  it("goes on with patient writes until there is room, and lets no other wait for them", async () => {
    const { disk, store } = await world();
    disk.full = true;
    const settled: string[] = [];
    const patient = [
      sessionSpace(store, "s").write([{ family: "session", id: "1", value: 1 }], { patient: true }),
      familySpace(store, "t", "webhook").write(new Map([["q.0", 1]])),
    ].map((written) => written.then(() => settled.push("patient")));
    await vi.waitFor(() => expect(disk.tried.mock.calls.length).toBeGreaterThan(2), 5_000);
    // Of the same session, of another one, and behind the next patient one.
    const later = sessionSpace(store, "s").write([{ family: "session", id: "2", value: 1 }], {
      patient: true,
    });
    const refused = [
      store.write("s", new Map([["wa/s/record.a", 1]])),
      store.write("u", new Map([["wa/u/record.a", 1]])),
      store.change("u", ["wa/u/y"], () => new Map([["wa/u/y", 1]])),
    ];
    for (const write of refused) await expect(write).rejects.toMatchObject(FULL);
    expect(settled).toEqual([]);
    disk.full = false;
    await Promise.all([...patient, later]);
    expect(await sessionSpace(store, "s").counts()).toEqual(new Map([["session", 2]]));
    expect((await store.read(["wa/s/record.a", "wa/u/record.a", "wa/u/y"])).size).toBe(0);
  });

  it("tries a patient write so often that those behind it are soon refused, one after the other", async () => {
    const { disk, store } = await world();
    disk.full = true;
    const patient = store.write("s", new Map([["wa/s/x", 1]]), { patient: true });
    await vi.waitFor(() => expect(disk.tried.mock.calls.length).toBeGreaterThan(6), 5_000);
    const begun = performance.now();
    for (let write = 0; write < 5; write += 1)
      await expect(store.write("u", new Map([["wa/u/y", 1]]))).rejects.toMatchObject(FULL);
    // Each waits 30 ms at most for a try of the patient one; it was up to two seconds.
    expect(performance.now() - begun).toBeLessThan(4_000);
    disk.full = false;
    await patient;
  });

  it("gives up a patient write in the end", async () => {
    const disk = make();
    const store = openStore(disk, { limits: { writeTimeoutMs: 150, callTimeoutMs: 150, fullTimeoutMs: 30 } });
    await store.open();
    disk.full = true;
    await expect(store.write("s", new Map([["wa/s/x", 1]]), { patient: true })).rejects.toMatchObject(FULL);
  });
});

describe("an error", () => {
  it.each([
    ["of Node", { code: "ENOSPC", message: "write" }],
    ["of lmdb", { code: 28, message: "No space left on device" }],
    ["of lmdb, whose write was cut short", { code: 5, message: "Input/output error" }],
    ["of lmdb's map", { code: -30_792, message: "MDB_MAP_FULL: Environment mapsize limit reached" }],
    ["of Postgres", { code: "53100", message: "could not extend file" }],
    ["of Redis", { message: "OOM command not allowed when used memory > 'maxmemory'." }],
    ["of SQLite", { message: "SQLITE_FULL: database or disk is full" }],
    ["behind another", { message: "could not raise the epoch", cause: { code: "ENOSPC" } }],
  ])("%s says that a store is full", (_, error) => {
    expect(writeRefusal(error)).toBe("full");
  });

  it.each([
    ["of Node", { code: "EROFS", message: "read-only file system" }],
    ["of Postgres", { code: "25006", message: "cannot execute INSERT in a read-only transaction" }],
    ["of Postgres, without the right", { code: "42501", message: "permission denied for table keyv" }],
    [
      "of Redis",
      { message: "READONLY You can't write against a read only replica. script: 1, on @user_script:13." },
    ],
    [
      "of an older Redis",
      { message: "ERR Error running script (call to f_1): @user_script:9: -READONLY You can't write" },
    ],
    ["of Redis that can't save", { message: "MISCONF Redis is configured to save RDB snapshots" }],
    ["behind another", { message: "could not raise the epoch", cause: { code: "25006" } }],
  ])("%s says that a store is read-only", (_, error) => {
    expect(writeRefusal(error)).toBe("read-only");
  });

  it.each([[new Error("ECONNREFUSED")], [undefined], [{ code: 13 }], ["OOPS"]])(
    "says neither: %s",
    (error) => {
      expect(writeRefusal(error)).toBeUndefined();
    },
  );
});
